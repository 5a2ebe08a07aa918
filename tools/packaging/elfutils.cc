// The functions of elfutils 0.192 (Debian 13) that its libelf.a and libdw.a call and do not contain. A tree there is its root and
// a lock. The command reads debugging information in one thread, so the lock stays untouched.
#include <search.h>

extern "C" {

void eu_search_tree_init(void** root) {
    *root = nullptr;
}

void eu_search_tree_fini(void** root, void (*free_node)(void*)) {
    tdestroy(*root, free_node);
    *root = nullptr;
}

void* eu_tsearch(const void* key, void** root, int (*compare)(const void*, const void*)) {
    return tsearch(key, root, compare);
}

void* eu_tfind(const void* key, void** root, int (*compare)(const void*, const void*)) {
    return tfind(key, root, compare);
}

void* eu_tdelete(const void* key, void** root, int (*compare)(const void*, const void*)) {
    return tdelete(key, root, compare);
}

} // extern "C"
