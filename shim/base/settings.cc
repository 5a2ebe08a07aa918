#include "shim/base/settings.hh"

#include "shim/base/environment.hh"
#include "shim/base/stderr.hh"
#include "shim/base/text.hh"

#include <atomic>
#include <csignal>
#include <cstring>
#include <iterator>

namespace pqsweep {

namespace {

constinit Settings loaded{};
// The host may change its environment at any time: every value is copied before it is parsed.
constinit char copies[8192]; // of all values, one behind the other

bool parse_flag(std::string_view text, bool& flag) {
    if (text != "0" && text != "1")
        return false;
    flag = text == "1";
    return true;
}

bool parse_number(std::string_view text, uint32_t most, uint32_t& number) {
    uint64_t value = 0;
    for (char digit : text) {
        if (digit < '0' || digit > '9')
            return false;
        value = value * 10 + static_cast<uint64_t>(digit - '0');
        if (value > most)
            return false;
    }
    number = static_cast<uint32_t>(value);
    return !text.empty();
}

template<class Enum, size_t most, size_t N>
bool parse_word(std::string_view text, const FixedText<most> (&words)[N], Enum& chosen) {
    for (size_t i = 0; i < N; i++) {
        if (words[i] == text) {
            chosen = Enum(i);
            return true;
        }
    }
    return false;
}

// Calls item(view) for each comma-separated part; false when there is none, or one is empty or refused.
template<class Item>
bool parse_list(std::string_view text, Item item) {
    for (;;) {
        size_t comma = text.find(',');
        std::string_view part(text.data(), comma == text.npos ? text.size() : comma);
        if (part.empty() || !item(part))
            return false;
        if (comma == text.npos)
            return true;
        text.remove_prefix(comma + 1);
    }
}

bool parse_scope(std::string_view text, Settings& s) {
    static constexpr FixedText<11> words[] = {"package", "module", "test"};
    return parse_word(text, words, s.scope);
}

bool parse_stacks(std::string_view text, Settings& s) {
    static constexpr FixedText<11> words[] = {"0", "python", "1"};
    return parse_word(text, words, s.stacks);
}

bool parse_report(std::string_view text, Settings& s) {
    static constexpr FixedText<11> words[] = {"never", "stragglers", "always"};
    return parse_word(text, words, s.report);
}

bool parse_tag_from(std::string_view text, Settings& s) {
    decltype(s.tag_from) names{};
    if (!text.empty() && !parse_list(text, [&](std::string_view name) {
            return name.find('=') == name.npos && names.add(name);
        }))
        return false;
    s.tag_from = names;
    return true;
}

bool parse_keep_rule(std::string_view text, KeepRule& rule) {
    size_t equals = text.find('=');
    if (equals == text.npos || !parse_word({text.data(), equals}, keep_fields, rule.field))
        return false;
    text.remove_prefix(equals + 1);
    rule.glob = text;
    return !text.empty();
}

bool parse_keep(std::string_view text, Settings& s) {
    decltype(s.keep) rules{};
    if (!text.empty() && !parse_list(text, [&](std::string_view part) {
            KeepRule rule{};
            return parse_keep_rule(part, rule) && rules.add(rule);
        }))
        return false;
    s.keep = rules;
    return true;
}

bool parse_fail_on(std::string_view text, Settings& s) {
    static constexpr FixedText<11> words[] = {"abandoned", "transaction", "exit", "unseen",
                                              "inherited", "blocked",     "late"};
    uint8_t bits = 0;
    bool good = parse_list(text, [&](std::string_view word) {
        int which = 0;
        if (!parse_word(word, words, which))
            return false;
        bits |= static_cast<uint8_t>(1 << which);
        return true;
    });
    if (good)
        s.fail_on = bits;
    return good;
}

bool parse_grace(std::string_view text, Settings& s) {
    if (text == "auto") {
        s.grace = {.if_restorable = 0, .if_doubtful = 1};
        return true;
    }
    uint32_t number = 0;
    if (!parse_number(text, 1000000, number))
        return false;
    s.grace = {number, number};
    return true;
}

bool parse_exit_code(std::string_view text, Settings& s) {
    uint32_t code = 0;
    if (!parse_number(text, 255, code))
        return false;
    s.exit_code = static_cast<uint8_t>(code);
    return true;
}

// Those that report a fault of the program come again when their handler returns.
constexpr bool is_fault(int number) {
    return number == SIGILL || number == SIGTRAP || number == SIGABRT || number == SIGBUS ||
           number == SIGFPE || number == SIGSEGV || number == SIGSYS;
}

// From glibc's SIGRTMIN, which leaves the first two of the kernel's to libc.
constexpr int first_real_time = 34, last_real_time = 64;

constexpr FixedText<6> signal_names[] = {"",       "HUP",  "INT",    "QUIT", "ILL",   "TRAP", "ABRT", "BUS",
                                         "FPE",    "KILL", "USR1",   "SEGV", "USR2",  "PIPE", "ALRM", "TERM",
                                         "STKFLT", "CHLD", "CONT",   "STOP", "TSTP",  "TTIN", "TTOU", "URG",
                                         "XCPU",   "XFSZ", "VTALRM", "PROF", "WINCH", "POLL", "PWR",  "SYS"};

// Returns 0 unless the text is RTMIN+n or RTMAX-n.
int real_time_signal(std::string_view text) {
    uint32_t distance = 0;
    bool is_from_start = starts_with(text, "RTMIN");
    if (!is_from_start && !starts_with(text, "RTMAX"))
        return 0;
    text.remove_prefix(5);
    if (!text.empty() && (text[0] != (is_from_start ? '+' : '-') ||
                          !parse_number({text.data() + 1, text.size() - 1}, 64, distance)))
        return 0;
    int number = is_from_start ? first_real_time + static_cast<int>(distance)
                               : last_real_time - static_cast<int>(distance);
    return number >= first_real_time && number <= last_real_time ? number : 0;
}

bool parse_signal(std::string_view text, Settings& s) {
    if (text == "none") {
        s.signal = 0;
        return true;
    }
    if (starts_with(text, "SIG"))
        text.remove_prefix(3);
    uint32_t written = 0;
    int number = real_time_signal(text);
    if (!number && parse_number(text, last_real_time, written))
        number = static_cast<int>(written);
    for (int i = 1; !number && i < static_cast<int>(std::size(signal_names)); i++)
        if (text == signal_names[i])
            number = i;
    bool is_libcs = number >= static_cast<int>(std::size(signal_names)) && number < first_real_time;
    if (number <= 0 || number == SIGKILL || number == SIGSTOP || is_fault(number) || is_libcs)
        return false;
    s.signal = number;
    return true;
}

constexpr Setting list[] = {
    {"PQSWEEP_DISABLE", "0", "0 or 1",
     [](std::string_view text, Settings& s) { return parse_flag(text, s.disabled); }},
    {"PQSWEEP_TAG_FROM", "PYTEST_CURRENT_TEST",
     "up to 16 names of environment variables, separated by commas", parse_tag_from},
    {"PQSWEEP_SCOPE", "module", "package, module or test", parse_scope},
    {"PQSWEEP_REVIVE", "1", "0 or 1",
     [](std::string_view text, Settings& s) { return parse_flag(text, s.revive); }},
    {"PQSWEEP_GRACE", "auto", "auto or a whole number from 0 to 1000000", parse_grace},
    {"PQSWEEP_SETTLE", "250", "a whole number of milliseconds from 0 to 60000",
     [](std::string_view text, Settings& s) { return parse_number(text, 60000, s.settle); }},
    {"PQSWEEP_KEEP", "",
     "up to 64 field=glob, separated by commas, field one of tag test function file app db user host state",
     parse_keep},
    {"PQSWEEP_APPNAME", "0", "0 or 1",
     [](std::string_view text, Settings& s) { return parse_flag(text, s.appname); }},
    {"PQSWEEP_STACKS", "python", "0, python or 1", parse_stacks},
    {"PQSWEEP_SIGNAL", "RTMIN+7",
     "the name or number of a signal that can be caught and reports no fault, or none", parse_signal},
    {"PQSWEEP_REPORT", "stragglers", "never, stragglers or always", parse_report},
    {"PQSWEEP_JOURNAL", "", "a file's name, where %p stands for the process id",
     [](std::string_view text, Settings& s) { return s.journal = text, true; }},
    {"PQSWEEP_RUN_JOURNAL", "", "a file's name",
     [](std::string_view text, Settings& s) { return s.run_journal = text, true; }},
    {"PQSWEEP_RUN", "", "a name", [](std::string_view text, Settings& s) { return s.run = text, true; }},
    {"PQSWEEP_RUN_SOCKET", "", "a file's name",
     [](std::string_view text, Settings& s) { return s.run_socket = text, true; }},
    {"PQSWEEP_EXITCODE", "0", "a whole number from 0 to 255", parse_exit_code},
    {"PQSWEEP_FAIL_ON", "abandoned",
     "any of abandoned, transaction, exit, unseen, inherited, blocked and late, separated by commas",
     parse_fail_on},
};

void warn_of(const Setting& setting, std::string_view value) {
    char line[1024];
    Text text(line);
    text << "pqsweep: " << setting.variable << "=" << utf8_prefix(value, 200) << ": expected "
         << setting.accepted << "; using " << (*setting.fallback ? setting.fallback : "none");
    warn(text.newline().view());
}

} // namespace

SettingList all_settings() {
    return {std::begin(list), std::end(list)};
}

void settings::load() {
    for (const Setting& setting : list)
        setting.parse(setting.fallback, loaded);
    size_t used = 0;
    for (const Setting& setting : list) {
        const char* value = environment::find(setting.variable);
        if (!value)
            continue;
        size_t room = sizeof copies - used;
        size_t length = strnlen(value, room);
        std::string_view copy{copies + used, length};
        memcpy(copies + used, value, length);
        used += length;
        if (length == room || !setting.parse(copy, loaded))
            warn_of(setting, copy);
    }
}

bool settings::is_disabled() {
    enum Answer : uint8_t { unknown, no, yes };
    static constinit std::atomic<Answer> known{unknown};
    Answer answer = known.load(std::memory_order_relaxed);
    if (answer == unknown) {
        Settings read{};
        const char* value = environment::find("PQSWEEP_DISABLE");
        answer = value && parse_flag(value, read.disabled) && read.disabled ? yes : no;
        known.store(answer, std::memory_order_relaxed);
    }
    return answer == yes;
}

const Settings& the_settings() {
    return loaded;
}

bool glob_matches(std::string_view glob, std::string_view text) {
    size_t g = 0, t = 0;
    size_t star = glob.npos, star_text = 0;
    while (t < text.size()) {
        if (g < glob.size() && glob[g] == '*') {
            star = g++;
            star_text = t;
        } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
            g++;
            t++;
        } else if (star != glob.npos) {
            g = star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (g < glob.size() && glob[g] == '*')
        g++;
    return g == glob.size();
}

} // namespace pqsweep
