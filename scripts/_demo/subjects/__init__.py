"""What the demos are about: digits, film reviews, posts with hashtags, and images of digits."""
