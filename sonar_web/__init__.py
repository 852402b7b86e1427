"""Statistics and usage service: everything that Sonar's logs tell, indexed and served. It holds no key."""
