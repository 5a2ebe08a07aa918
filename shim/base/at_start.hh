// Marks a variable that every program touches when it starts. Such variables are zero at first, and lie on the one page that the
// loader writes to anyway (shim/hooks/pages.ld).
#pragma once

#define TOUCHED_AT_START [[gnu::section(".bss.at_start")]]
