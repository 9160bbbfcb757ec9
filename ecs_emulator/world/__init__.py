"""The emulated world as nouns: state, time, ids, images, and the words that AWS uses for them."""
