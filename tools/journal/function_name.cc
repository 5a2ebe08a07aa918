#include "tools/journal/function_name.hh"

#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <string_view>

namespace pqsweep::tools {

namespace {

std::string demangled(const std::string& name) {
    int status = 0;
    std::unique_ptr<char, decltype(&free)> plain(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                 free);
    return plain ? plain.get() : name;
}

void remove_all(std::string& text, std::string_view part) {
    for (size_t at = 0; (at = text.find(part, at)) != text.npos;)
        text.erase(at, part.size());
}

bool ends_in_operator(std::string_view name) {
    for (std::string_view end : {"operator", "operator<", "operator-", "operator>", "operator<="})
        if (name.ends_with(end))
            return true;
    return false;
}

std::string without_template_arguments(std::string_view name) {
    std::string out;
    int depth = 0;
    for (char byte : name) {
        bool is_bracket = !ends_in_operator(out);
        if (is_bracket && byte == '>' && depth > 0)
            depth--;
        if (depth == 0)
            out += byte;
        if (is_bracket && byte == '<')
            depth++;
    }
    return out;
}

// Where the parameters begin, or the end. A lambda's name has parameters in braces.
size_t end_of_name(const std::string& name) {
    int braces = 0;
    for (size_t i = 0; i < name.size(); i++) {
        braces += name[i] == '{' ? 1 : name[i] == '}' ? -1 : 0;
        bool is_call_operator =
            name.compare(i, 2, "()") == 0 && std::string_view(name).substr(0, i).ends_with("operator");
        if (is_call_operator)
            i++;
        else if (name[i] == '(' && braces == 0)
            return i;
    }
    return name.size();
}

} // namespace

std::string short_function_name(const std::string& linkage_name) {
    if (!linkage_name.starts_with("_Z"))
        return linkage_name;
    std::string name = demangled(linkage_name);
    remove_all(name, "(anonymous namespace)::");
    name = without_template_arguments(name);
    name.erase(end_of_name(name));
    // The result's type stands before a template's name; an operator's name can have a space.
    size_t space = name.rfind(' ', std::min(name.find("operator "), name.find('{')));
    if (space != name.npos && space < name.size() - 1)
        name.erase(0, space + 1);
    return name;
}

} // namespace pqsweep::tools
