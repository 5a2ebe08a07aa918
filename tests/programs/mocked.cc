// Calls a stand-in for libpq.
// link: -lmock
#include "tests/programs/plugins/asks.cc"

#include <cstdio>

int main() {
    puts(ask());
}
