#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>
#include <QTextStream>

static QString use(const QSqlDatabase& database) {
    QSqlQuery query(database);
    if (query.exec("select 42") && query.next())
        return query.value(0).toString();
    return query.lastError().nativeErrorCode() + " " + query.lastError().databaseText().section('\n', 0, 0);
}

static QSqlDatabase open(const QString& name) {
    QSqlDatabase database = QSqlDatabase::addDatabase("QPSQL", name);
    database.open();
    return database;
}

int main() {
    QTextStream in(stdin), out(stdout);
    QSqlDatabase idle = open("idle"), transaction = open("transaction");
    open("closed").close();
    transaction.transaction();
    out << "open " << qVersion() << Qt::endl;

    QString tag = in.readLine();
    if (!tag.isEmpty())
        qputenv("PQSWEEP_TAG", tag.toUtf8());
    out << "changed" << Qt::endl;

    in.readLine();
    out << "idle: " << use(idle) << Qt::endl;
    out << "transaction: " << use(transaction) << Qt::endl;
}
