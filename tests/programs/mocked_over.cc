// Is linked with the real libpq. What stands before that in the global scope is another's business.
// link: -lpq
#include "tests/programs/mocked.cc"
