#include "shim/lifecycle/told_errors.hh"

#include <cstdint>
#include <doctest/doctest.h>
#include <libpq-fe.h>
#include <string>

using namespace pqsweep;

namespace {

const void* result_at(uintptr_t address) {
    return reinterpret_cast<const void*>(address);
}

std::string fields(const std::string& detail) {
    std::string text = "SFATAL|VFATAL|C57P01|Mthe end|D" + detail + "|Hkeep it|";
    for (char& c : text)
        c = c == '|' ? '\0' : c;
    return text;
}

} // namespace

TEST_SUITE_BEGIN("unit: told errors");

TEST_CASE("a result is known by its address and by libpq's words in it, among the latest 64") {
    const char* words = "SSL SYSCALL error: EOF detected\n";
    CHECK(told_errors::message(result_at(16), words) == nullptr);
    for (uintptr_t i = 1; i <= 100; i++)
        told_errors::tell(result_at(16 * i), words, fields(std::to_string(i)), "");
    CHECK(told_errors::are_there());
    for (uintptr_t i = 1; i <= 100; i++) {
        CAPTURE(i);
        const void* result = result_at(16 * i);
        const char* message = told_errors::message(result, words);
        REQUIRE((message != nullptr) == (i > 36));
        CHECK((told_errors::field(result, words, PG_DIAG_SQLSTATE) != nullptr) == (i > 36));
        CHECK(told_errors::message(result, "") == nullptr);
        CHECK(told_errors::field(result, "ERROR:  no such table\n", PG_DIAG_SQLSTATE) == nullptr);
        if (!message)
            continue;
        const std::string number = std::to_string(i);
        CHECK(message == "FATAL:  the end\nDETAIL:  " + number + "\nHINT:  keep it\n");
        CHECK(told_errors::field(result, words, PG_DIAG_SQLSTATE) == std::string("57P01"));
        CHECK(told_errors::field(result, words, PG_DIAG_SEVERITY_NONLOCALIZED) == std::string("FATAL"));
        CHECK(told_errors::field(result, words, PG_DIAG_MESSAGE_DETAIL) == number);
        CHECK(told_errors::field(result, words, PG_DIAG_CONTEXT) == nullptr);
        CHECK(told_errors::field(result, words, 0) == nullptr);
    }
}

TEST_CASE("a PGconn tells what its latest words are, and takes no other's place") {
    told_errors::tell(result_at(48), "another", fields("another"), "");
    for (const char* words : {"first\n", "second\n"})
        for (int i = 0; i < 100; i++)
            told_errors::tell(result_at(24), words, fields(words), words);
    CHECK(told_errors::message(result_at(24), "first\n") == nullptr);
    CHECK(told_errors::message(result_at(24), "second\n") ==
          std::string("FATAL:  the end\nDETAIL:  second\n\nHINT:  keep it\nsecond\n"));
    CHECK(told_errors::message(result_at(48), "another") != nullptr);
}

TEST_CASE("texts that are too long are cut") {
    const std::string detail(10'000, 'd');
    told_errors::tell(result_at(8), "lost", fields(detail), "lost");
    const std::string message = told_errors::message(result_at(8), "lost");
    CHECK(message.starts_with("FATAL:  the end\nDETAIL:  ddd"));
    CHECK(message.size() < 4'000);
    CHECK(detail.starts_with(told_errors::field(result_at(8), "lost", PG_DIAG_MESSAGE_DETAIL)));
}

TEST_SUITE_END();
