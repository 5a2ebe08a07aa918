#include "shim/base/environment.hh"

#include "shim/base/clock.hh"
#include "shim/base/lock.hh"
#include "shim/base/relaxed.hh"

#include <cstdint>
#include <cstring>
#include <iterator>
#include <unistd.h>

namespace pqsweep::environment {

namespace {

constexpr int64_t patience = second / 4;

// What `environ` looked like when it was last read: where it was, its end, and the entries that we watch.
// These are kept by their text, too: Perl frees an entry before it makes the new one, which then often has
// the same address.
struct Picture {
    Relaxed<char**> array;
    Relaxed<bool> is_array_there;
    Relaxed<int> count;
    Relaxed<char*> last;
    Relaxed<int> watched;
    struct Watched {
        Relaxed<int> index;
        Relaxed<char*> entry;
        Relaxed<int> copy;   // where in `copies`
        Relaxed<int> length; // bytes, with the NUL
    } entries[most_names];
    static constexpr int most_words = 512;
    Relaxed<uint64_t> copies[most_words];

    bool shows(char** environment) const;
    void watch(int index, char* entry);
};

// A reader compares with the newest one while the next is made. It would have to sleep through as many reads
// as there are pictures to see one change, and then only reads again.
constinit Picture pictures[4];
constinit std::atomic<Picture*> picture;
constinit std::atomic<int> mutations; // that live
constinit std::atomic<int> unmade;    // of these, what libc is at
constinit std::atomic<int> readers;
constinit thread_local int standstills; // of this thread
constinit Lock reading;                 // one reader at a time makes a picture

// The program can replace the array meanwhile: see load_word().
__attribute__((no_sanitize("address", "thread"))) char* load(char** place) {
    return __atomic_load_n(place, __ATOMIC_RELAXED);
}

constexpr uintptr_t page_size = 4096;

// Tells memory that is there from memory that is not, a page at a time.
class Reach {
public:
    explicit Reach(Changed changed) : is_in_doubt_(changed == Changed::by_anybody) {}

    bool has(const void* place) {
        uintptr_t page = reinterpret_cast<uintptr_t>(place) / page_size;
        if (!is_in_doubt_ || page == last_ || page == last_but_one_)
            return true;
        if (!sys::is_mapped(place))
            return false;
        last_but_one_ = last_;
        last_ = page;
        return true;
    }

private:
    bool is_in_doubt_;
    uintptr_t last_ = 0, last_but_one_ = 0; // the array and its entries lie apart
};

// Returns null if the entry has another name.
__attribute__((no_sanitize("address", "thread"))) const char* value_in(const char* entry,
                                                                       std::string_view name, Reach& reach) {
    for (size_t i = 0; i <= name.size(); i++)
        if (!reach.has(entry + i) || entry[i] != (i < name.size() ? name[i] : '='))
            return nullptr;
    return entry + name.size() + 1;
}

constexpr int word_size = sizeof(uint64_t);
constexpr int words_in(int length) {
    return (length + word_size - 1) / word_size;
}

// The word at `place` of a text of `length` bytes; the last one overlaps the one before it. Where the text is
// shorter by now, it may reach past its end, but never into another page, which might not be there. The text is the
// program's, which may be changing it: no sanitizer is to look, nor may libc, whose functions they watch, read it.
__attribute__((no_sanitize("address", "thread"))) uint64_t load_word(const char* text, int place,
                                                                     int length) {
    text += place <= length - word_size ? place : length > word_size ? length - word_size : 0;
    uint64_t word = 0;
    if (length >= word_size && reinterpret_cast<uintptr_t>(text) % page_size <= page_size - word_size)
        [[likely]]
        __builtin_memcpy(&word, text, word_size);
    else
        for (int i = 0; i < word_size && i < length && text[i]; i++)
            word |= uint64_t{static_cast<unsigned char>(text[i])} << 8 * i;
    return word;
}

bool is_same_by_words(const char* text, const Relaxed<uint64_t>* copy, int length) {
    for (int i = 0; i < length; i += word_size)
        if (load_word(text, i, length) != copy[i / word_size])
            return false;
    return true;
}

// The same for what load_word() need not be careful with, at a fraction of the price: every call asks this.
__attribute__((no_sanitize("address", "thread"))) bool is_same(const char* text,
                                                               const Relaxed<uint64_t>* copy, int length) {
    uintptr_t end_in_page = reinterpret_cast<uintptr_t>(text) % page_size + static_cast<uintptr_t>(length);
    if (length < word_size || end_in_page > page_size) [[unlikely]]
        return is_same_by_words(text, copy, length);
    const char* last = text + length - word_size;
    uint64_t word = 0;
    for (; text < last; text += word_size, copy++) {
        __builtin_memcpy(&word, text, word_size);
        if (word != *copy)
            return false;
    }
    __builtin_memcpy(&word, last, word_size);
    return word == *copy;
}

bool Picture::shows(char** environment) const {
    if (environment != array)
        return false;
    if (!environment || !is_array_there)
        return true;
    if (load(environment + count) || (count && load(environment + count - 1) != last))
        return false;
    for (const Watched* w = entries; w < entries + watched; w++)
        if (load(environment + w->index) != w->entry || !is_same(w->entry, copies + w->copy, w->length))
            return false;
    return true;
}

void Picture::watch(int index, char* entry) {
    int n = watched;
    int copy = n ? entries[n - 1].copy + words_in(entries[n - 1].length) : 0;
    int room = (most_words - copy) * word_size;
    int length = static_cast<int>(strnlen(entry, static_cast<size_t>(room)));
    length = length < room ? length + 1 : room;
    for (int i = 0; i < length; i += word_size)
        copies[copy + i / word_size] = load_word(entry, i, length);
    entries[n].index = index;
    entries[n].entry = entry;
    entries[n].copy = copy;
    entries[n].length = length;
    watched = n + 1;
}

void leave() {
    readers.fetch_sub(1, std::memory_order_seq_cst);
}

// Returns true if no change is under way: none begins until leave().
bool enter() {
    Backoff backoff;
    do {
        readers.fetch_add(1, std::memory_order_seq_cst);
        if (!unmade.load(std::memory_order_seq_cst))
            return true;
        leave();
    } while (backoff.pause(patience));
    return false;
}

} // namespace

Mutation::Mutation() {
    mutations.fetch_add(1, std::memory_order_seq_cst);
    unmade.fetch_add(1, std::memory_order_seq_cst);
    for (Backoff backoff; readers.load(std::memory_order_seq_cst) > standstills;)
        if (!backoff.pause(patience))
            return;
}

void Mutation::made() {
    unmade.fetch_sub(1, std::memory_order_seq_cst);
}

void Mutation::looked_at() {
    if (lives_)
        mutations.fetch_sub(1, std::memory_order_seq_cst);
    lives_ = false;
}

// A change that takes longer than our patience is none of libpq's reader's business either: it goes on without.
Standstill::Standstill() {
    if (enter())
        standstills++;
}

Standstill::~Standstill() {
    if (standstills) {
        standstills--;
        leave();
    }
}

bool as_last_read() {
    const Picture* p = picture.load(std::memory_order_acquire);
    if (!p)
        return false;
    if (mutations.load(std::memory_order_relaxed) || p->shows(__atomic_load_n(&environ, __ATOMIC_RELAXED)))
        return true;
    // One that made the difference can have begun meanwhile. The addition of nothing is not done before what shows() read.
    return mutations.fetch_add(0, std::memory_order_acq_rel);
}

void read(const std::string_view* names, int count, Changed changed, void (*use)(void*, const char* const*),
          void* context) {
    Lock::Guard guard(reading);
    if (!enter())
        return;
    Picture* newest = picture.load(std::memory_order_relaxed);
    if (newest && changed == Changed::by_anybody && mutations.load(std::memory_order_seq_cst))
        return leave();
    Reach reach(changed);
    Picture* next = newest && newest + 1 < std::end(pictures) ? newest + 1 : pictures;
    const char* values[most_names] = {};
    int entries = 0;
    next->watched = 0;
    char** array = __atomic_load_n(&environ, __ATOMIC_RELAXED);
    char* last = nullptr;
    next->is_array_there = true;
    for (char* entry = nullptr; array; last = entry, entries++) {
        if (!reach.has(array + entries)) {
            next->is_array_there = false;
            break;
        }
        entry = load(array + entries);
        if (!entry)
            break;
        if (!reach.has(entry)) {
            next->is_array_there = false;
            break;
        }
        for (int i = 0; i < count; i++) {
            const char* value = value_in(entry, names[i], reach);
            if (!value || values[i])
                continue;
            values[i] = value;
            next->watch(entries, entry);
        }
    }
    next->array = array;
    next->count = entries;
    next->last = last;
    picture.store(next, std::memory_order_release);
    if (next->is_array_there)
        use(context, values);
    leave();
}

void doubt() {
    if (Picture* newest = picture.load(std::memory_order_acquire))
        newest->array = nullptr;
}

// As for load_word().
__attribute__((no_sanitize("address", "thread"))) char* find(const char* name) {
    char** array = __atomic_load_n(&environ, __ATOMIC_RELAXED);
    char* entry = nullptr;
    for (; array && (entry = load(array)); array++) {
        size_t same = 0;
        while (name[same] && entry[same] == name[same])
            same++;
        if (!name[same] && entry[same] == '=')
            return entry + same + 1;
    }
    return nullptr;
}

void forget() {
    mutations.store(0, std::memory_order_relaxed);
    unmade.store(0, std::memory_order_relaxed);
    readers.store(0, std::memory_order_relaxed);
    standstills = 0;
    reading.reset();
}

} // namespace pqsweep::environment
