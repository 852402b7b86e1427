"""Many documents as records: images, texts, mail, an archive of posts."""
