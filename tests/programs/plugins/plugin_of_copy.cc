// The plugin again, linked with a copy of libpq that has another soname.
// link: -l:libqq.so.5
#include "tests/programs/plugins/plugin.cc"
