// The text that --help prints, in lines that fit a terminal of 80 columns.
#pragma once

#include <CLI/CLI.hpp>

namespace pqsweep::tools {

class Help : public CLI::Formatter {
public:
    Help();
    std::string make_usage(const CLI::App* app, std::string name) const override;
    std::string make_option_desc(const CLI::Option* option) const override;
    std::string make_subcommand(const CLI::App* subcommand) const override;
    std::string make_footer(const CLI::App* app) const override;
};

} // namespace pqsweep::tools
