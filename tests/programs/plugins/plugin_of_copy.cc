// The plugin again, on a copy of libpq with another soname.
// link: -l:libqq.so.5
#include "tests/programs/plugins/plugin.cc"
