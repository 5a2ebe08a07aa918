// An empty object: it shows what preloading itself costs.
