// Settings: what the PQSWEEP_* variables ask for. The tools read them with the same code: `pqsweep run` refuses the values
// of which the shim would warn.
//
// settings::load() reads the environment once, before the first connection is tracked. Afterwards the_settings() never
// changes, and any thread or signal handler reads it.
#pragma once

#include "shim/base/fixed_text.hh"

#include <cstdint>
#include <string_view>

namespace pqsweep {

enum class Scope : uint8_t { package, module, test };
enum class Stacks : uint8_t { none, python, all };
enum class Report : uint8_t { never, stragglers, always };

// A bit each, for PQSWEEP_FAIL_ON.
enum FailOn : uint8_t {
    fail_on_abandoned = 1,
    fail_on_transaction = 2,
    fail_on_exit = 4,
    fail_on_unseen = 8,
    fail_on_inherited = 16,
    fail_on_blocked = 32,
    fail_on_late = 64
};

// `function` and `file` are those of the program's line that opened the connection.
enum class KeepField : uint8_t { tag, test, function, file, app, db, user, host, state };
constexpr FixedText<8> keep_fields[] = {"tag", "test", "function", "file", "app",
                                        "db",  "user", "host",     "state"};

struct KeepRule {
    KeepField field;
    std::string_view glob;
};

// A list in a fixed place. A value with more items than places is a bad one.
template<class T, int N>
struct List {
    T items[N];
    int size;
    const T* begin() const { return items; }
    const T* end() const { return items + size; }
    bool add(T item) {
        if (size == N)
            return false;
        items[size++] = item;
        return true;
    }
};

// How many tag changes an idle connection can sit unused before it is swept.
struct Grace {
    uint32_t if_restorable; // its owner would not notice: a revival gives back its session
    uint32_t if_doubtful;
};

struct Settings {
    bool disabled;
    bool revive;
    bool appname;
    Grace grace;
    uint32_t settle; // milliseconds
    Scope scope;
    Stacks stacks;
    Report report;
    uint8_t fail_on;
    uint8_t exit_code;
    int signal;                   // 0: none
    std::string_view journal;     // empty: none
    std::string_view run_journal; // the same for `pqsweep run`; empty: none
    std::string_view run;         // what the records call the run
    std::string_view run_socket;  // of `pqsweep run`, see introduce.hh; empty: none
    List<std::string_view, 16> tag_from;
    List<KeepRule, 64> keep;
};

// One PQSWEEP_* variable: how its text becomes a setting.
struct Setting {
    const char* variable;
    const char* fallback;
    const char* accepted; // completes "expected ..."
    // Returns false for a bad value and leaves `settings` as it was. Keeps views into `text`.
    bool (*parse)(std::string_view text, Settings& settings);
};

struct SettingList {
    const Setting* first;
    const Setting* last;
    const Setting* begin() const { return first; }
    const Setting* end() const { return last; }
};
SettingList all_settings();

namespace settings {

// Warns of every bad value on stderr: names what is accepted, and the default that holds instead.
void load();

// Returns what PQSWEEP_DISABLE said at the first call of this, which can come before load().
bool is_disabled();

} // namespace settings

const Settings& the_settings();

// `*` stands for any bytes, `?` for one; everything else for itself (test ids are full of brackets).
bool glob_matches(std::string_view glob, std::string_view text);

} // namespace pqsweep
