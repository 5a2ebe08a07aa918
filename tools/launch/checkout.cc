#include "tools/launch/checkout.hh"

#include <cstdlib>
#include <fstream>

namespace pqsweep::tools {

namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
    const char* value = getenv(name);
    return value ? value : "";
}

std::string first_line(const fs::path& file) {
    std::ifstream stream(file);
    std::string line;
    std::getline(stream, line);
    return line;
}

bool is_below(const fs::path& folder, const fs::path& root) {
    return !root.empty() && *folder.lexically_relative(root).begin() != "..";
}

// Returns what follows the prefix, or nothing.
std::string after(std::string_view prefix, const std::string& line) {
    return line.starts_with(prefix) ? line.substr(prefix.size()) : "";
}

// In a worktree, .git is a file that names a folder with HEAD; the branches are in the folder that `commondir` names.
fs::path git_folder(const fs::path& root) {
    fs::path git = root / ".git";
    std::string elsewhere = after("gitdir: ", first_line(git));
    return elsewhere.empty() ? git : root / elsewhere;
}

std::string packed(const fs::path& git, const std::string& branch) {
    std::ifstream stream(git / "packed-refs");
    for (std::string line; std::getline(stream, line);)
        if (line.ends_with(" " + branch))
            return line.substr(0, line.find(' '));
    return "";
}

std::string revision_of(const fs::path& root) {
    fs::path git = git_folder(root);
    std::string head = first_line(git / "HEAD"), branch = after("ref: ", head);
    if (branch.empty())
        return head;
    std::string common = first_line(git / "commondir");
    fs::path branches = common.empty() ? git : git / common;
    std::string revision = first_line(branches / branch);
    return revision.empty() ? packed(branches, branch) : revision;
}

} // namespace

Checkout checkout_of(const fs::path& folder) {
    for (const auto& [root, revision] :
         {std::pair("GITHUB_WORKSPACE", "GITHUB_SHA"), std::pair("CI_PROJECT_DIR", "CI_COMMIT_SHA")})
        if (is_below(folder, variable(root)))
            return {variable(root), variable(revision)};
    std::error_code error;
    for (fs::path root = folder; root.has_relative_path(); root = root.parent_path())
        if (fs::exists(root / ".git", error))
            return {root, revision_of(root)};
    return {folder, ""};
}

} // namespace pqsweep::tools
