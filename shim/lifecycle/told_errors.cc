#include "shim/lifecycle/told_errors.hh"

#include "shim/base/lock.hh"
#include "shim/base/relaxed.hh"
#include "shim/lifecycle/protocol.hh"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <utility>

namespace pqsweep::told_errors {

namespace {

struct Texts {
    char fields[3500]; // code, text, NUL; ...; NUL
    char message[4000];
};

struct Told {
    const void* of;
    uint32_t words; // a hash
    Texts* texts;

    bool is(const void* other, std::string_view others_words) const {
        return of == other && words == fnv1a(others_words);
    }
};

constinit Told all[64]{};
constinit Relaxed<uint32_t> places{}; // that were ever given to one
constinit Lock lock;

const Texts* find(const void* of, std::string_view words) {
    Lock::Guard guard(lock);
    for (const Told& told : all)
        if (told.is(of, words))
            return told.texts;
    return nullptr;
}

// A result or PGconn that tells something new has told the old.
Told& place_for(const void* of) {
    for (Told& told : all)
        if (told.of == of)
            return told;
    uint32_t next = places;
    places = next + 1;
    return all[next % std::size(all)];
}

const char* field_in(const Texts& texts, char code) {
    for (const char* field = texts.fields; *field; field += strlen(field) + 1)
        if (*field == code)
            return field + 1;
    return nullptr;
}

// The message is put together as libpq does with a server's error, if nobody has asked for more or fewer words.
void fill(Texts& texts, std::string_view fields, std::string_view behind) {
    struct Line {
        char code;
        std::string_view label;
    };
    memset(&texts, 0, sizeof texts);
    Text(texts.fields, sizeof texts.fields - 2).raw(fields); // two NULs are left to end them
    Text message(texts.message, sizeof texts.message - 1);
    const char* severity = field_in(texts, protocol::severity);
    message.raw(severity ? severity : "").raw(":  ");
    for (auto [code, label] :
         {Line{protocol::message, ""}, Line{protocol::detail, "DETAIL:  "}, Line{protocol::hint, "HINT:  "}})
        if (const char* text = field_in(texts, code))
            message.raw(label).raw(text).newline();
    message.raw(utf8_prefix(behind, sizeof texts.message - 1 - message.size()));
}

} // namespace

// A text that a program still holds is overwritten later, and never freed.
const char* tell(const void* of, std::string_view words, std::string_view fields, std::string_view behind) {
    KeepErrno keep;
    auto* spare = static_cast<Texts*>(calloc(1, sizeof(Texts)));
    Texts* texts = nullptr;
    {
        Lock::Guard guard(lock);
        Told& told = place_for(of);
        if (!told.texts)
            std::swap(told.texts, spare);
        texts = told.texts;
        if (texts) {
            fill(*texts, fields, behind);
            told = {of, fnv1a(words), texts};
        }
    }
    free(spare);
    return texts ? texts->message : nullptr;
}

bool are_there() {
    return places != 0;
}

const char* field(const void* of, std::string_view words, char code) {
    const Texts* texts = find(of, words);
    return texts ? field_in(*texts, code) : nullptr;
}

const char* message(const void* of, std::string_view words) {
    const Texts* texts = find(of, words);
    return texts ? texts->message : nullptr;
}

void forget_parent() {
    lock.reset();
}

} // namespace pqsweep::told_errors
