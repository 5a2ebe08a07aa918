// pqsweep completion prints a script by which a shell completes pqsweep's commands and options.
#include "shim/base/settings.hh"
#include "tools/commands/command.hh"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <set>

namespace pqsweep::tools {

namespace {

using Apps = std::vector<const CLI::App*>;

// Returns the words that a setting accepts, of those that its expectation names: "never, stragglers or always". None if it accepts any.
std::string words_of(const Setting& setting) {
    static Settings scratch;
    std::string words;
    if (setting.parse("?", scratch))
        return words;
    std::string_view rest = setting.accepted;
    while (!rest.empty()) {
        std::string_view word = rest.substr(0, rest.find_first_of(" ,"));
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
        bool is_word = !word.empty() && isalpha(static_cast<unsigned char>(word[0]));
        if (is_word && setting.parse(word, scratch))
            words += (words.empty() ? "" : " ") + std::string(word);
    }
    return words;
}

// Returns the words that an option takes; none if it takes a file, a number or a name.
std::string words_of(std::string_view option) {
    if (option == "--links")
        return "vscode";
    if (option == "--sort")
        return "o m s t p";
    std::string variable = "PQSWEEP_";
    for (char c : option.substr(2))
        variable += c == '-' ? '_' : static_cast<char>(toupper(static_cast<unsigned char>(c)));
    for (const Setting& setting : all_settings())
        if (setting.variable == variable)
            return words_of(setting);
    return "";
}

struct Word {
    std::string name; // "--tag"
    std::string help;
    bool has_value;
    std::string values() const { return words_of(name); }
};

std::vector<Word> options_of(const CLI::App& app) {
    std::vector<Word> words;
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames())
            words.push_back({"--" + name, option->get_description(), option->get_items_expected_min() > 0});
    return words;
}

std::string names(const std::vector<Word>& words) {
    std::string text;
    for (const Word& word : words)
        text += (text.empty() ? "" : " ") + word.name;
    return text;
}

// Returns bash's case for those options of all commands that have a value.
std::string bash_values(const Apps& commands) {
    std::map<std::string, std::string> by_values;
    std::set<std::string> seen;
    std::vector<std::vector<Word>> all;
    std::ranges::transform(commands, std::back_inserter(all),
                           [](const CLI::App* app) { return options_of(*app); });
    for (const auto& words : all)
        for (const Word& word : words)
            if (word.has_value && seen.insert(word.name).second) {
                std::string& options = by_values[word.values()];
                options += (options.empty() ? "" : "|") + word.name;
            }
    std::string text;
    for (const auto& [words, options] : by_values)
        text += fmt::format("    {}) words='{}' ;;\n", options, words);
    return text;
}

std::string replaced(std::string text, std::string_view special, std::string_view before) {
    for (size_t at = 0; (at = text.find_first_of(special, at)) != text.npos; at += before.size() + 1)
        text.insert(at, before);
    return text;
}

// For single quotes of zsh and fish.
std::string quoted(const std::string& text) {
    std::string out = "'";
    for (char byte : text)
        out += byte == '\'' ? std::string("'\\''") : std::string(1, byte);
    return out + "'";
}

std::string for_bash(const CLI::App& app, const Apps& commands) {
    std::string cases, all = names(options_of(app));
    for (const CLI::App* command : commands) {
        all += " " + command->get_name();
        cases += fmt::format("    {}) words='{}' ;;\n", command->get_name(), names(options_of(*command)));
    }
    return fmt::format(R"(_pqsweep() {{
    local i words='{}'
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [[ ${{COMP_WORDS[i]}} == -- ]]; then
            declare -F _command_offset >/dev/null && _command_offset $((i + 1))
            return
        fi
    done
    ((COMP_CWORD == 1)) || case ${{COMP_WORDS[1]}} in
{}    *) words= ;;
    esac
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    if [[ $word == = ]]; then
        word=
    elif [[ $before == = ]]; then
        before=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    case $before in
{}    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _pqsweep pqsweep
)",
                       all, cases, bash_values(commands));
}

std::string zsh_value(const Word& word) {
    if (!word.has_value)
        return "";
    return word.values().empty() ? ":value:_files" : fmt::format(":value:({})", word.values());
}

std::string for_zsh(const CLI::App&, const Apps& commands) {
    std::string list, cases;
    for (const CLI::App* command : commands) {
        list += fmt::format("    {}\n", quoted(command->get_name() + ":" + command->get_description()));
        cases += fmt::format("{}) _arguments -S", command->get_name());
        for (const Word& word : options_of(*command))
            cases += " \\\n    " + quoted(fmt::format("{}{}[{}]{}", word.name, word.has_value ? "=" : "",
                                                      replaced(word.help, "[]:\\", "\\"), zsh_value(word)));
        bool runs_command = command->get_name() == "run" || command->get_name() == "doctor";
        cases += fmt::format(" \\\n    {} ;;\n",
                             runs_command ? "'(-)1:command:_command_names -e' '*::argument:_normal'"
                                          : "'*::file:_files'");
    }
    // The list has no name that zsh has a parameter of: it has `commands`.
    return fmt::format(R"(#compdef pqsweep
local -a subcommands=(
{})
if ((CURRENT == 2)); then
    _describe command subcommands
    return
fi
shift words
((CURRENT--))
case $words[1] in
{}esac
)",
                       list, cases);
}

std::string for_fish(const CLI::App&, const Apps& commands) {
    std::string out;
    for (const CLI::App* command : commands) {
        const std::string& name = command->get_name();
        out += fmt::format("complete -c pqsweep -n __fish_use_subcommand -f -a {} -d {}\n", name,
                           quoted(command->get_description()));
        for (const Word& word : options_of(*command))
            out += fmt::format("complete -c pqsweep -n '__fish_seen_subcommand_from {}' -l {}{} -d {}{}\n",
                               name, word.name.substr(2), word.has_value ? " -r" : "", quoted(word.help),
                               word.values().empty() ? "" : fmt::format(" -f -a '{}'", word.values()));
    }
    return out;
}

constexpr struct {
    const char* name;
    std::string (*script)(const CLI::App&, const Apps&);
} shells[] = {{"bash", for_bash}, {"zsh", for_zsh}, {"fish", for_fish}};

} // namespace

std::function<int()> declare_completion(CLI::App& app, const std::vector<std::string>&) {
    auto shell = std::make_shared<std::string>();
    std::set<std::string> names;
    for (const auto& known : shells)
        names.insert(known.name);
    app.add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember(names));
    app.footer("Example: source <(pqsweep completion bash)\n"
               "'make install' and the Debian package install all three.");
    return [shell, &app] {
        const CLI::App& all = *app.get_parent();
        for (const auto& [name, script] : shells)
            if (*shell == name)
                fmt::print("{}", script(all, all.get_subcommands({})));
        return exit_done;
    };
}

} // namespace pqsweep::tools
