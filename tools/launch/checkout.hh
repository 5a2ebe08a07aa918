// The checkout that a command runs in: the repository's folder and its revision.
#pragma once

#include <filesystem>
#include <string>

namespace pqsweep::tools {

struct Checkout {
    std::filesystem::path root; // the folder itself if it is in no repository
    std::string revision;       // the commit; empty: not known
};

// What CI's variables say of the folder goes before what its .git says.
Checkout checkout_of(const std::filesystem::path& folder);

} // namespace pqsweep::tools
