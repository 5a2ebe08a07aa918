// What preloading costs by itself: an object with nothing in it.
