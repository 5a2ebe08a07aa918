// Has a function of a name that its host has, too.
extern "C" const char* version() {
    return "the plugin's";
}

extern "C" const char* version_seen() {
    return version();
}
