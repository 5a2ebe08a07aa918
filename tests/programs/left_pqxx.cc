// link: -lpqxx -lpq
#include <cstdlib>
#include <iostream>
#include <pqxx/pqxx>

namespace {

std::string use(pqxx::transaction_base& transaction) {
    try {
        return transaction.exec("select 42")[0][0].as<std::string>();
    } catch (const pqxx::failure& error) {
        std::string text = error.what();
        return text.substr(0, text.find('\n'));
    }
}

} // namespace

int main() {
    pqxx::connection idle, busy;
    { pqxx::connection closed; }
    pqxx::work transaction(busy);
    use(transaction);
    std::cout << "open " << PQXX_VERSION << std::endl;

    std::string line;
    std::getline(std::cin, line);
    if (!line.empty())
        setenv("PQSWEEP_TAG", line.c_str(), 1);
    std::cout << "changed" << std::endl;

    std::getline(std::cin, line);
    {
        pqxx::nontransaction again(idle);
        std::cout << "idle: " << use(again) << std::endl;
    }
    std::cout << "transaction: " << use(transaction) << std::endl;
}
