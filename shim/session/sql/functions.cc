#include "shim/session/sql/functions.hh"

#include "shim/base/fixed_text.hh"
#include "shim/base/text.hh"

#include <algorithm>

namespace pqsweep::calls {

namespace {

struct Function {
    FixedText<35> name;
    Act act;
    bool is_if_temporary = false; // what it makes ends with the session only if its third argument is true
};
constexpr Function functions[] = {
    {"set_config", Act::set},
    {"pg_advisory_lock", Act::lock},
    {"pg_try_advisory_lock", Act::try_lock},
    {"pg_advisory_lock_shared", Act::lock_shared},
    {"pg_try_advisory_lock_shared", Act::try_lock_shared},
    {"pg_advisory_unlock", Act::unlock},
    {"pg_advisory_unlock_shared", Act::unlock_shared},
    {"pg_advisory_unlock_all", Act::unlock_all},
    {"setseed", Act::unclear_at_once},
    {"pg_replication_origin_session_setup", Act::unclear_at_once},
    {"pg_replication_origin_session_reset", Act::unclear_at_once},
    {"dblink_connect", Act::unclear_at_once},
    {"dblink_connect_u", Act::unclear_at_once},
    {"dblink_open", Act::unclear_at_once},
    {"pg_backup_start", Act::unclear_at_once},
    {"pg_start_backup", Act::unclear_at_once},
    {"pg_create_physical_replication_slot", Act::unclear_at_once, true},
    {"pg_create_logical_replication_slot", Act::unclear_at_once, true},
    {"pg_copy_physical_replication_slot", Act::unclear_at_once, true},
    {"pg_copy_logical_replication_slot", Act::unclear_at_once, true},
};

// PostgreSQL's own functions that programs call at the beginning of a SELECT, and words that a parenthesis can follow there.
// clang-format off
constexpr FixedText<26> harmless[] = {
    "abs", "age", "any", "any_value", "array", "array_agg", "array_append", "array_cat", "array_fill",
    "array_length", "array_lower", "array_position", "array_positions", "array_prepend", "array_remove",
    "array_replace", "array_to_json", "array_to_string", "array_upper", "avg", "bit_and", "bit_length",
    "bit_or", "bool_and", "bool_or", "btrim", "cardinality", "case", "cast", "ceil", "ceiling", "char_length",
    "chr", "clock_timestamp", "coalesce", "col_description", "concat", "concat_ws", "convert", "convert_from",
    "convert_to", "corr", "count", "current_database", "current_query", "current_schema", "current_schemas",
    "current_setting", "currval", "date", "date_bin", "date_part", "date_trunc", "decode", "dense_rank",
    "encode", "every", "exists", "exp", "extract", "first_value", "float8", "floor", "format",
    "format_type", "gen_random_uuid", "generate_series", "generate_subscripts", "greatest", "grouping",
    "has_column_privilege", "has_database_privilege", "has_function_privilege", "has_schema_privilege",
    "has_sequence_privilege", "has_table_privilege", "host", "inet_client_addr", "inet_client_port",
    "inet_server_addr", "inet_server_port", "initcap", "int2", "int4", "int8", "isfinite", "json_agg",
    "json_array_elements", "json_array_elements_text", "json_array_length", "json_build_array",
    "json_build_object", "json_each", "json_each_text", "json_extract_path", "json_extract_path_text",
    "json_object", "json_object_agg", "json_object_keys", "json_populate_record", "json_populate_recordset",
    "json_strip_nulls", "json_to_record", "json_to_recordset", "json_typeof", "jsonb_agg",
    "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length", "jsonb_build_array",
    "jsonb_build_object", "jsonb_each", "jsonb_each_text", "jsonb_extract_path", "jsonb_extract_path_text",
    "jsonb_insert", "jsonb_object", "jsonb_object_agg", "jsonb_object_keys", "jsonb_path_exists",
    "jsonb_path_query", "jsonb_path_query_array", "jsonb_path_query_first", "jsonb_populate_record",
    "jsonb_populate_recordset", "jsonb_pretty", "jsonb_set", "jsonb_strip_nulls", "jsonb_to_record",
    "jsonb_to_recordset", "jsonb_typeof", "justify_days", "justify_hours", "justify_interval", "lag",
    "last_value", "lastval", "lead", "least", "left", "length", "ln", "lo_creat", "lo_create", "lo_export",
    "lo_from_bytea", "lo_get", "lo_import", "lo_open", "lo_put", "lo_unlink", "log", "lower", "lpad", "ltrim",
    "make_date", "make_interval", "make_time", "make_timestamp", "make_timestamptz", "max", "md5", "min",
    "mod", "mode", "nextval", "not", "now", "nth_value", "ntile", "nullif", "numeric", "obj_description",
    "octet_length", "on", "overlay", "percent_rank", "percentile_cont", "percentile_disc", "phraseto_tsquery",
    "plainto_tsquery", "position", "power", "quote_ident", "quote_literal", "quote_nullable", "random",
    "rank", "regexp_match", "regexp_matches", "regexp_replace", "regexp_split_to_array",
    "regexp_split_to_table", "repeat", "replace", "reverse", "right", "round", "row", "row_number",
    "row_to_json", "rpad", "rtrim", "scale", "setval", "setweight", "sha224", "sha256", "sha384", "sha512",
    "shobj_description", "sign", "split_part", "sqrt", "starts_with", "statement_timestamp", "stddev",
    "stddev_pop", "stddev_samp", "string_agg", "string_to_array", "string_to_table", "strpos", "substr",
    "substring", "sum", "text", "timeofday", "timestamp", "timestamptz", "timezone", "to_ascii", "to_char",
    "to_date", "to_hex", "to_json", "to_jsonb", "to_number", "to_regclass", "to_regnamespace", "to_regproc",
    "to_regrole", "to_regtype", "to_timestamp", "to_tsquery", "to_tsvector", "transaction_timestamp",
    "translate", "trim", "trunc", "ts_debug", "ts_headline", "ts_lexize", "ts_rank", "ts_rank_cd",
    "txid_current", "txid_current_if_assigned", "txid_current_snapshot", "txid_status", "unnest", "upper",
    "var_pop", "var_samp", "variance", "version", "websearch_to_tsquery", "width_bucket", "xmlagg",
    "xmlconcat", "xmlelement", "xmlforest", "xmlparse", "xmlserialize",
};

// PostgreSQL's own functions that programs call have one of these words behind pg_.
constexpr FixedText<12> families[] = {
    "advisory", "available", "backend", "backup", "blocking", "buffercache", "cancel", "char", "client", "collation",
    "column", "conf", "config", "control", "conversion", "current", "database", "describe", "encoding", "export",
    "extension", "filenode", "freespace", "function", "get", "has", "identify", "index", "indexam", "indexes", "input", "is", "jit", "last",
    "listening", "logical", "ls", "lsn", "notification", "notify", "opclass", "operator", "opfamily",
    "options", "partition", "postmaster", "prewarm", "promote", "read", "relation", "reload", "replication",
    "rotate", "safe", "sequence", "settings", "show", "size", "sleep", "snapshot", "stat", "statistics", "stop", "switch",
    "table", "tablespace", "terminate", "timezone", "total", "trigger", "try", "ts", "type", "typeof",
    "visible", "wal", "walfile", "xact",
};
// clang-format on
static_assert(std::ranges::is_sorted(harmless, {}, &FixedText<26>::view));
static_assert(std::ranges::is_sorted(families, {}, &FixedText<12>::view));

bool is_of_family(std::string_view name) {
    constexpr std::string_view prefix = "pg_";
    if (!starts_with(name, prefix))
        return false;
    name.remove_prefix(prefix.size());
    std::string_view family(name.data(), std::min(name.size(), name.find('_')));
    return std::ranges::binary_search(families, family, {}, &FixedText<12>::view);
}

const Function* find(const Token& name) {
    if (!name.is_name() || name.text.size() < 7)
        return nullptr;
    for (const Function& function : functions)
        if (name.names(function.name))
            return &function;
    return nullptr;
}

bool is_harmless(const Token& name) {
    char lower_case[48];
    size_t size = 0;
    for (; size < name.text.size() && size < sizeof lower_case; size++)
        lower_case[size] = lower(name.text[size]);
    std::string_view folded(lower_case, size);
    return std::ranges::binary_search(harmless, folded, {}, &FixedText<26>::view) || is_of_family(folded) ||
           find(name);
}

bool is_plain_string(const Token& token) {
    return token.kind == Token::Kind::string && token.text.size() > 1 && token.text[0] == '\'' &&
           token.text.back() == '\'' && token.text.find('\n') == token.text.npos;
}

int nesting(const Token& token) {
    return token.is('(') ? 1 : token.is(')') ? -1 : 0;
}

bool is_any(const Token& token, std::initializer_list<std::string_view> words) {
    for (std::string_view word : words)
        if (token.is(word))
            return true;
    return false;
}

struct Arguments {
    static constexpr uint32_t most = 3;

    std::string_view text;
    uint32_t count = 0;
    Token each[most]{}; // of a single token, and a cast that does not change it; Kind::end for any other
    bool is_closed = false;

    // Reads on from behind the opening parenthesis to behind the closing one.
    explicit Arguments(Tokens& tokens) {
        Token token = tokens.next();
        const char* start = token.text.data();
        uint32_t size = 0; // of this argument, in tokens
        for (int depth = 0; token.kind != Token::Kind::end; token = tokens.next()) {
            depth += nesting(token);
            is_closed = depth < 0;
            bool is_next = token.is(',') && depth == 0;
            if ((is_closed || is_next) && count < most && size != 1 && size != 4)
                each[count] = {};
            if (is_closed)
                break;
            if (is_next) {
                count++;
                size = 0;
                continue;
            }
            if (count < most)
                take(each[count], token, size);
            size++;
        }
        text = between(start, token.text.data());
        count += !text.empty();
    }

private:
    static void take(Token& argument, const Token& token, uint32_t place) {
        bool fits = place == 1 || place == 2
                        ? token.is(':')
                        : place == 3 && is_any(token, {"text", "varchar", "bool", "boolean"});
        if (place == 0)
            argument = token;
        else if (!fits)
            argument = {};
    }
};

bool is_list_of_calls(Tokens tokens) {
    if (!tokens.next().is("select"))
        return false;
    Token token{};
    do {
        token = tokens.next();
        if (token.names("pg_catalog") && tokens.next().is('.'))
            token = tokens.next();
        if (!act_of(token) || !tokens.next().is('(') || !Arguments(tokens).is_closed)
            return false;
        token = tokens.next();
        if (token.is("as") && tokens.next().is_name())
            token = tokens.next();
    } while (token.is(','));
    return token.kind == Token::Kind::end;
}

// The values of a statement's arguments.
class Values {
public:
    Values(const Reader& reader, std::string_view statement) : reader_(reader), statement_(statement) {}

    Value of(const Token& argument) const {
        return argument.kind == Token::Kind::parameter ? reader_.parameters().of(argument)
                                                       : Value::of(argument);
    }
    // Returns the value's text as the server has it; its data() is null if that is not known.
    std::string_view text_of(const Token& argument, Value::Digits& buffer) const {
        Value value = of(argument);
        bool is_any = value.is_inferred && is_used_again(argument);
        return is_any ? std::string_view() : value.as_text(buffer);
    }

private:
    // A second use can give a parameter its type.
    bool is_used_again(const Token& argument) const {
        int uses = 0;
        Tokens tokens = reader_.tokens_of(statement_);
        for (Token token = tokens.next(); token.kind != Token::Kind::end; token = tokens.next())
            uses += token.text == argument.text;
        return uses > 1;
    }

    const Reader& reader_;
    std::string_view statement_;
};

// `text`: from the function's name to the closing parenthesis.
void report_setting(Reader& reader, const Arguments& arguments, std::string_view text, const Values& values,
                    bool is_sure) {
    const auto& [key, value, is_local] = arguments.each;
    bool is_known = arguments.count == Arguments::most, is_for_transaction = false;
    is_known &= values.of(is_local).to_boolean(is_for_transaction);
    Value::Digits digits[2];
    std::string_view named =
        arguments.count == Arguments::most ? values.text_of(key, digits[0]) : std::string_view();
    std::string_view setting = values.text_of(value, digits[1]);
    reader.report_name(named);
    reader.report_temporary(is_plain_string(value) ? value.text : values.of(value).bytes);
    if (is_known && is_for_transaction)
        return setting.data() ? reader.report_local(named, setting, {}, true)
                              : reader.report_local(named, text, "SELECT pg_catalog.");
    bool is_literal =
        is_plain_string(key) && is_plain_string(value) && is_local.kind != Token::Kind::parameter;
    bool is_null = values.of(value).kind == Value::Kind::null;
    bool is_certain = is_known && is_sure && !named.empty() && (is_literal || is_null || setting.data());
    if (!is_certain)
        reader.report(Act::set_unknown, named);
    else if (is_literal)
        reader.report(Act::set, key.text, text, "SELECT pg_catalog.");
    else if (is_null)
        reader.report(Act::unset, named);
    else
        reader.report_value(named, setting);
}

// The arguments of a lock in a form that is equal for equal locks, as far as possible; empty if they are not known, or
// too long.
class LockKey {
public:
    LockKey(Tokens tokens, const Values& values) {
        Token token = tokens.next(), last{};
        for (; is_good_ && token.kind != Token::Kind::end; last = token, token = tokens.next()) {
            if (token.is(':') && skips_cast(tokens)) {
                token.kind = Token::Kind::number;
                continue;
            }
            is_integer_ = false;
            add(token, last, tokens, values);
        }
    }
    std::string_view view() const { return is_good_ && !out_.full() ? out_.view() : std::string_view(); }

private:
    // A word is a column, unless it is a cast's type or one of these functions.
    void add(const Token& token, const Token& last, const Tokens& behind, const Values& values) {
        switch (token.kind) {
        case Token::Kind::word:
            is_hashed_ = is_any(token, {"hashtext", "hashtextextended"});
            is_good_ &= last.is(':') || is_hashed_;
            out_.raw(token.text);
            break;
        case Token::Kind::parameter:
        case Token::Kind::string:
        case Token::Kind::number:
            value(token, is_alone(token, last, behind), values);
            break;
        case Token::Kind::symbol:
            is_hashed_ &= token.is('(');
            out_.raw(token.text);
            break;
        default:
            is_good_ = false;
        }
    }

    // Not a part of an expression, except as what is cast.
    static bool is_alone(const Token&, const Token& last, Tokens behind) {
        Token next = behind.next();
        return (last.text.empty() || last.is(',') || last.is('(')) &&
               (next.text.empty() || next.is(',') || next.is(')') || next.is(':'));
    }

    void value(const Token& token, bool is_alone, const Values& values) {
        Value::Digits digits;
        std::string_view text = values.text_of(token, digits);
        bool is_parameter = token.kind == Token::Kind::parameter;
        int64_t number = 0;
        is_integer_ = !is_hashed_ && values.of(token).to_integer(number) &&
                      (is_alone || token.kind == Token::Kind::number);
        is_good_ &= !is_parameter || (is_alone && (is_integer_ || text.data()));
        if (is_integer_) {
            out_ << number;
        } else if (is_parameter) {
            out_ << "'";
            for (char c : text)
                out_.raw({&c, 1}).raw(c == '\'' ? std::string_view("'") : std::string_view());
            out_ << "'";
        } else {
            out_.raw(token.text);
        }
        is_hashed_ = false;
    }

    // From behind a colon. The type of an integer does not make another lock.
    bool skips_cast(Tokens& tokens) const {
        Tokens ahead = tokens;
        bool skips = is_integer_ && ahead.next().is(':') &&
                     is_any(ahead.next(), {"bigint", "int8", "integer", "int", "int4", "smallint", "int2"});
        if (skips)
            tokens = ahead;
        return skips;
    }

    char buffer_[160];
    Text out_{buffer_};
    bool is_good_ = true;
    bool is_integer_ = false; // what was added last
    bool is_hashed_ = false;  // a function of a text was
};

// `column`: the result's, in which the call's value is; -1: none.
void report_lock(Reader& reader, Act act, const Arguments& arguments, const Values& values, bool is_sure,
                 int column) {
    LockKey key(reader.tokens_of(arguments.text), values);
    reader.report_lock(act, is_sure ? key.view() : std::string_view(), column);
}

bool can_be_temporary(const Arguments& arguments, const Values& values) {
    bool is_temporary = arguments.count >= Arguments::most;
    values.of(arguments.each[Arguments::most - 1]).to_boolean(is_temporary);
    bool is_named = arguments.text.find('=') != std::string_view::npos;
    return is_temporary || is_named;
}

} // namespace

const Act* act_of(const Token& name) {
    const Function* function = find(name);
    return function ? &function->act : nullptr;
}

bool begins_with_unknown(Tokens tokens) {
    Token name = tokens.next();
    while (name.is('(') || name.is('*') || name.is("all") || name.is("distinct") || name.is("from") ||
           name.is("lateral") || name.is("select"))
        tokens.next(name);
    if (!name.is_name())
        return false;
    Token behind = tokens.next();
    if (!behind.is('.'))
        return behind.is('(') && !is_harmless(name);
    return !name.names("pg_catalog") && tokens.next().is_name() && tokens.next().is('(');
}

void read(Reader& reader, std::string_view statement) {
    Tokens tokens = reader.tokens_of(statement);
    Values values(reader, statement);
    bool is_list = is_list_of_calls(tokens);
    int depth = 0, column = 0;
    for (Token token = tokens.next(); token.kind != Token::Kind::end; token = tokens.next()) {
        depth += nesting(token);
        const Function* function = find(token);
        Tokens behind = tokens;
        if (!function || !behind.next().is('('))
            continue;
        Arguments arguments(behind);
        Act act = function->act;
        bool is_sure = is_list && depth == 0;
        if (act == Act::set) {
            const char* end = arguments.text.data() + arguments.text.size() + arguments.is_closed;
            report_setting(reader, arguments, between(token.text.data(), end), values, is_sure);
        } else if (act == Act::unclear_at_once) {
            if (!function->is_if_temporary || can_be_temporary(arguments, values))
                reader.report(act);
        } else if (act != Act::unlock_all) {
            report_lock(reader, act, arguments, values, is_sure, is_sure ? column : -1);
        } else if (is_sure) {
            reader.report(Act::unlock_all);
        }
        column++;
    }
}

} // namespace pqsweep::calls
