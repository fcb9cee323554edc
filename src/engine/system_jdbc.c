/* system_jdbc.c - jdbcColumnar of 5.5: the URL of a JDBC driver is mapped to the module that knows the database; the two ? of a query
 * get the numbers of the parts.
 */
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "base/secret.h"
#include "engine/adapter_params.h"
#include "engine/system.h"

typedef struct JdbcOptions {
  SystemOptions system; /* the first member, as others know no other */
  Arena *arena;
  const char *url, *odbc, *user, *password;
  Position url_pos;
} JdbcOptions;

/* --- Parameters --- */

static void add(JdbcOptions *options, const char *name, const char *value) {
  TypedOptions *typed = &options->system.typed;
  TableOption *more = arena_alloc(options->arena, ((size_t)typed->count + 1) * sizeof *more);
  if (typed->count) memcpy(more, typed->options, typed->count * sizeof *more);
  more[typed->count++] = (TableOption){name, value};
  typed->options = more;
}

/* For the client library: 'name=value'. */
static void add_pair(JdbcOptions *options, const char *name, const char *value) { add(options, "options", arena_printf(options->arena, "%s=%s", name, value).data); }

static DcCode apply(const ParamValue *param, Arena *arena, void *own, DcError *err) {
  JdbcOptions *out = own;
  Str text;
  out->arena = arena;
  if (value_is_null(param->value) && !str_is(param->name, "url")) return DC_OK; /* as if it were not given */
  if (str_is(param->name, "batch_size")) {
    int64_t rows;
    DC_TRY(param_whole_number(param, 1 << 20, &rows, err));
    if (rows) add(out, "batch", arena_printf(arena, "%lld", (long long)rows).data);
    return DC_OK;
  }
  DC_TRY(param_text(param, arena, &text, err));
  if (str_is(param->name, "url")) {
    out->url = text.data;
    out->url_pos = param->pos;
  } else if (str_is(param->name, "odbc")) {
    out->odbc = text.data;
  } else if (str_is(param->name, "user")) {
    out->user = text.data;
  } else if (str_is(param->name, "password")) {
    out->password = text.data;
    secret_note(text);
  }
  return DC_OK; /* the class of @driver says nothing that the URL does not */
}

static void defaults(const AdapterRow *row, bool writing, void *own) {
  (void)row;
  SystemOptions *out = own;
  out->typed.writing = writing;
  out->mode = SYSTEM_APPEND; /* as 5.5 does */
  out->parts = true;
}

/* --- Properties of URLs --- */

/* What a property is for the module; option NULL: it goes to the client library as `name`, both NULL: it changes nothing here. */
typedef struct Property {
  const char *jdbc, *option, *name;
} Property;

static const Property postgres_properties[] = {
    {"user", "user", NULL},
    {"password", "password", NULL},
    {"sslmode", "sslmode", NULL},
    {"ssl", "sslmode", "verify-full"},
    {"sslrootcert", NULL, "sslrootcert"},
    {"sslcert", NULL, "sslcert"},
    {"sslkey", NULL, "sslkey"},
    {"ApplicationName", NULL, "application_name"},
    {"targetServerType", NULL, "target_session_attrs"},
    {"loginTimeout", "timeout", NULL},
    {"connectTimeout", "timeout", NULL},
    {"currentSchema", NULL, "options=-csearch_path"},
    {"defaultRowFetchSize", NULL, NULL},
    {"prepareThreshold", NULL, NULL},
    {"reWriteBatchedInserts", NULL, NULL},
    {"stringtype", NULL, NULL},
    {"tcpKeepAlive", NULL, NULL},
    {NULL, NULL, NULL},
};

static const Property mysql_properties[] = {
    {"user", "user", NULL},
    {"password", "password", NULL},
    {"sslMode", "sslmode", NULL},
    {"useSSL", "sslmode", "require"},
    {"requireSSL", "sslmode", "require"},
    {"useUnicode", NULL, NULL},
    {"characterEncoding", NULL, NULL},
    {"useServerPrepStmts", NULL, NULL},
    {"cachePrepStmts", NULL, NULL},
    {"rewriteBatchedStatements", NULL, NULL},
    {"useCursorFetch", NULL, NULL},
    {"defaultFetchSize", NULL, NULL},
    {"connectTimeout", NULL, NULL},
    {"allowLoadLocalInfile", NULL, NULL},
    {"useBulkStmts", NULL, NULL},
    {"allowPublicKeyRetrieval", NULL, NULL},
    {NULL, NULL, NULL},
};

static const Property sqlite_properties[] = {{NULL, NULL, NULL}};

/* To the keywords of Microsoft's ODBC driver. */
static const Property sqlserver_properties[] = {
    {"user", "user", NULL},
    {"userName", "user", NULL},
    {"password", "password", NULL},
    {"databaseName", NULL, "Database"},
    {"database", NULL, "Database"},
    {"encrypt", NULL, "Encrypt"},
    {"trustServerCertificate", NULL, "TrustServerCertificate"},
    {"hostNameInCertificate", NULL, "HostnameInCertificate"},
    {"integratedSecurity", NULL, "Trusted_Connection"},
    {"applicationName", NULL, "APP"},
    {"applicationIntent", NULL, "ApplicationIntent"},
    {"multiSubnetFailover", NULL, "MultiSubnetFailover"},
    {"loginTimeout", "timeout", NULL},
    {"sendStringParametersAsUnicode", NULL, NULL},
    {"selectMethod", NULL, NULL},
    {"responseBuffering", NULL, NULL},
    {"packetSize", NULL, NULL},
    {NULL, NULL, NULL},
};

/* Names of Connector/J and of MariaDB's driver, as psql has them. */
static const char *ssl_mode(const char *value) {
  static const char *const names[][2] = {{"DISABLED", "disable"}, {"PREFERRED", "prefer"},      {"REQUIRED", "require"}, {"trust", "require"},
                                         {"VERIFY_CA", "verify-ca"}, {"VERIFY_IDENTITY", "verify-full"}, {NULL, NULL}};
  for (size_t i = 0; names[i][0]; i++)
    if (strcasecmp(names[i][0], value) == 0) return names[i][1];
  return value;
}

static void set_property(JdbcOptions *options, const Property *property, const char *value) {
  bool truth = property->option && property->name; /* true stands for a value */
  if (truth && strcasecmp(value, "true") != 0) return;
  if (truth) add(options, property->option, property->name);
  else if (!property->option && property->name) add_pair(options, property->name, value);
  else if (property->option && !strcmp(property->option, "sslmode")) add(options, "sslmode", ssl_mode(value));
  else if (property->option && !strcmp(property->option, "password")) options->password = options->password ? options->password : value;
  else if (property->option && !strcmp(property->option, "user")) options->user = options->user ? options->user : value;
  else if (property->option && strcmp(value, "0") != 0) add(options, property->option, value);
}

/* --- URLs --- */

/* With %41 as A. */
static const char *decoded(Arena *arena, const char *text, size_t len) {
  char *out = arena_alloc(arena, len + 1), *at = out;
  for (size_t i = 0; i < len; i++) {
    unsigned byte;
    bool hex = text[i] == '%' && i + 2 < len && isxdigit((unsigned char)text[i + 1]) && isxdigit((unsigned char)text[i + 2]) && sscanf(text + i + 1, "%2x", &byte) == 1;
    if (hex) i += 2;
    *at++ = hex ? (char)byte : text[i];
  }
  *at = 0;
  return out;
}

static void take_property(JdbcOptions *options, const Property *known, const char *name, const char *value) {
  if (strcasestr(name, "password")) secret_note(str_of(value));
  while (known->jdbc && strcasecmp(known->jdbc, name) != 0) known++;
  if (known->jdbc) set_property(options, known, value);
  else if (name[0]) options->system.unknown = arena_printf(options->arena, "%s%s%s", options->system.unknown ? options->system.unknown : "", options->system.unknown ? ", " : "", name).data;
}

/* name=value&name=value; those that are not known are gathered for a warning. */
static void read_properties(JdbcOptions *options, const Property *known, const char *text) {
  Arena *arena = options->arena;
  for (const char *at = text; *at; at += *at == '&' || *at == ';') {
    size_t len = strcspn(at, "&;"), name_len = strcspn(at, "=&;");
    const char *name = decoded(arena, at, name_len), *value = name_len < len ? decoded(arena, at + name_len + 1, len - name_len - 1) : "true";
    take_property(options, known, name, value);
    at += len;
  }
}

/* //user:password@host:port/database; a part that is not there is not set. Several hosts stay a list. */
static void read_place(JdbcOptions *options, const char *text, size_t len) {
  Arena *arena = options->arena;
  const char *end = text + len, *slash = memchr(text, '/', len), *server_end = slash ? slash : end, *at = memrchr(text, '@', (size_t)(server_end - text));
  if (at) {
    const char *colon = memchr(text, ':', (size_t)(at - text));
    options->user = options->user ? options->user : decoded(arena, text, (size_t)((colon ? colon : at) - text));
    if (colon && !options->password) {
      options->password = decoded(arena, colon + 1, (size_t)(at - colon - 1));
      secret_note(str_of(options->password));
    }
  }
  const char *host = at ? at + 1 : text, *bracket = memchr(host, ']', (size_t)(server_end - host));
  const char *colon = memchr(bracket ? bracket : host, ':', (size_t)(server_end - (bracket ? bracket : host)));
  const char *host_end = colon ? colon : server_end;
  if (bracket && *host == '[') host++, host_end = bracket;
  if (host_end > host) add(options, "host", decoded(arena, host, (size_t)(host_end - host)));
  if (colon && server_end > colon + 1) add(options, "port", decoded(arena, colon + 1, (size_t)(server_end - colon - 1)));
  if (slash && end > slash + 1) add(options, "database", decoded(arena, slash + 1, (size_t)(end - slash - 1)));
}

typedef struct Scheme {
  const char *prefix;
  const Format *format;
  const Property *properties;
} Scheme;

static const Scheme schemes[] = {
    {"jdbc:postgresql:", &postgres_format, postgres_properties},
    {"jdbc:mysql:", &mysql_format, mysql_properties},
    {"jdbc:mariadb:", &mysql_format, mysql_properties},
    {"jdbc:sqlite:", &sqlite_format, sqlite_properties},
    {"jdbc:sqlserver:", &odbc_format, sqlserver_properties},
};

/* The value up to a semicolon, or within {}, where }} is a }; *at is moved to its end. */
static const char *sqlserver_value(Arena *arena, const char **at) {
  size_t len = 0;
  const char *from = *at, *end = from + strcspn(from, ";");
  char *out = arena_alloc(arena, strlen(from) + 1);
  if (*from == '{') {
    for (from++; *from && (*from != '}' || from[1] == '}'); from += 1 + (*from == '}')) out[len++] = *from;
    end = from + strcspn(from, ";");
  } else {
    len = (size_t)(end - from);
    memcpy(out, from, len);
  }
  out[len] = 0;
  *at = end;
  return strcasecmp(out, "true") == 0 ? "yes" : strcasecmp(out, "false") == 0 ? "no" : out;
}

/* //host\instance:port;name=value;… for Microsoft's ODBC driver, to which a server is host\instance,port. */
static void read_sqlserver(JdbcOptions *options, const char *rest) {
  Arena *arena = options->arena;
  if (strncmp(rest, "//", 2) == 0) rest += 2;
  size_t len = strcspn(rest, ";"), host_len = strcspn(rest, "\\:;");
  if (*rest == '[') host_len = strcspn(rest, "];") + (rest[strcspn(rest, "];")] == ']');
  const char *host = arena_str(arena, str_make(rest, host_len)).data, *instance = NULL, *port = NULL, *at = rest + host_len;
  if (*at == '\\') {
    size_t name_len = strcspn(at + 1, ":;");
    instance = arena_str(arena, str_make(at + 1, name_len)).data;
    at += 1 + name_len;
  }
  if (*at == ':') port = arena_str(arena, str_make(at + 1, (size_t)(rest + len - at - 1))).data;
  for (at = rest + len; *at;) {
    at += strspn(at, "; ");
    size_t name_len = strcspn(at, "=;");
    const char *name = arena_str(arena, str_make(at, name_len)).data, *value = "";
    at += name_len;
    if (*at == '=') at++, value = sqlserver_value(arena, &at);
    if (strcasecmp(name, "serverName") == 0 || strcasecmp(name, "server") == 0) host = value;
    else if (strcasecmp(name, "instanceName") == 0) instance = value;
    else if (strcasecmp(name, "portNumber") == 0 || strcasecmp(name, "port") == 0) port = value;
    else take_property(options, sqlserver_properties, name, value);
  }
  add(options, "url", "odbc:Driver={ODBC Driver 18 for SQL Server}");
  add_pair(options, "Server", arena_printf(arena, "%s%s%s%s%s", host, instance ? "\\" : "", instance ? instance : "", port ? "," : "", port ? port : "").data);
}

static void read_url(JdbcOptions *options, const Scheme *scheme) {
  const char *rest = options->url + strlen(scheme->prefix);
  size_t len = strcspn(rest, "?");
  options->system.format = scheme->format->system;
  if (scheme->properties == sqlserver_properties) {
    read_sqlserver(options, rest);
    return;
  }
  if (scheme->format == &sqlite_format) add(options, "url", arena_printf(options->arena, "sqlite:%.*s", (int)len, rest).data);
  else if (strncmp(rest, "//", 2) == 0) read_place(options, rest + 2, len - 2);
  else if (len && rest[0] != '/') add(options, "database", decoded(options->arena, rest, len)); /* jdbc:postgresql:database */
  if (rest[len]) read_properties(options, scheme->properties, rest + len + 1);
}

/* Passwords in URLs that are not taken apart: …;password=x;…, jdbc:oracle:thin:user/x@… */
static void note_passwords(JdbcOptions *options) {
  const char *url = options->url, *at = strchr(url, '@'), *slash = at ? memchr(url, '/', (size_t)(at - url)) : NULL;
  if (slash && slash[1] != '/') secret_note(str_make(slash + 1, (size_t)(at - slash - 1)));
  for (const char *found = url; (found = strcasestr(found, "password=")); found++) {
    const char *value = found + strlen("password=");
    secret_note(arena_str(options->arena, str_make(value, strcspn(value, ";&"))));
  }
}

/* Which database this is; the last of all is any that has an ODBC driver. */
static DcCode find_database(JdbcOptions *options, DcError *err) {
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes && !options->odbc; i++)
    if (strncasecmp(options->url, schemes[i].prefix, strlen(schemes[i].prefix)) == 0) return read_url(options, &schemes[i]), DC_OK;
  options->system.format = odbc_format.system;
  note_passwords(options);
  if (options->odbc) {
    add(options, "url", options->odbc);
    return DC_OK;
  }
  bool is_jdbc = strncasecmp(options->url, "jdbc:", 5) == 0;
  size_t shown = is_jdbc ? 5 + strcspn(options->url + 5, ":/;?@") : strcspn(options->url, ":/;?@");
  dc_fail_at(err, DC_FAIL, options->url_pos, is_jdbc ? "there is no JDBC here, and no module for \"%.*s\"" : "\"%.*s\" is no URL of JDBC", (int)shown, options->url);
  dc_hint(err, is_jdbc ? "@odbc = 'Driver={name};Server=…;Database=…' says how its ODBC driver finds it" : "@url = 'jdbc:postgresql://host:5432/database'; also jdbc:mysql:, jdbc:mariadb:, jdbc:sqlite:, jdbc:sqlserver:");
  return err->code;
}

static DcCode check(void *own, Position pos, bool writing, DcError *err) {
  JdbcOptions *options = own;
  (void)pos;
  (void)writing;
  DC_TRY(find_database(options, err));
  if (options->user) add(options, "user", options->user);
  if (options->password) add(options, "password", options->password);
  return DC_OK;
}

static const SystemFormat jdbc = {.module = NULL};
static const TypedFormat rows = {.module = NULL};
const Format jdbc_format = {.options_size = sizeof(JdbcOptions), .defaults = defaults, .apply = apply, .check = check, .source = &system_source, .typed = &rows, .system = &jdbc};

/* --- Parts of a query --- */

/* The end of a text, a name or a comment that begins here; otherwise at + 1. */
static const char *skip_token(const char *at) {
  const char *end = NULL;
  if (*at == '\'' || *at == '"' || *at == '`') end = strchr(at + 1, *at);
  else if (at[0] == '-' && at[1] == '-') end = strchr(at, '\n');
  else if (at[0] == '/' && at[1] == '*' && (end = strstr(at + 2, "*/"))) end++;
  else return at + 1;
  return end ? end + 1 : at + strlen(at);
}

/* The query with numbers in place of its ?, ?? as ?; *marks: how many ? there were. */
static Str with_numbers(Arena *arena, const char *query, int64_t first, int64_t last, uint32_t *marks) {
  Buf text = {0};
  *marks = 0;
  for (const char *at = query; *at;) {
    const char *end = *at == '?' ? at + 1 + (at[1] == '?') : skip_token(at);
    if (*at != '?') buf_put(&text, at, (size_t)(end - at));
    else if (end == at + 2) buf_put(&text, "?", 1);
    else buf_printf(&text, "%lld", (long long)((*marks)++ ? last : first));
    at = end;
  }
  Str out = arena_str(arena, str_make(text.data, text.len));
  buf_free(&text);
  return out;
}

/* 5.5 hands 0 and n to Spark's JdbcRDD as bounds, both within, for n parts: part i has the numbers from i·(n + 1)/n up to the next one's. */
DcCode system_part_query(Arena *arena, const char *query, uint32_t part, uint32_t parts, const char **out, DcError *err) {
  uint32_t marks;
  int64_t numbers = (int64_t)parts + 1, first = part * numbers / parts, last = (part + INT64_C(1)) * numbers / parts - 1;
  *out = with_numbers(arena, query, first, last, &marks).data;
  if (marks == 2) return DC_OK;
  *out = NULL;
  if (marks == 0) return DC_OK;
  dc_fail(err, "a query of jdbcColumnar has two ?, for the first and the last number of a part, or none; this one has %u", marks);
  dc_hint(err, "SELECT … WHERE part BETWEEN ? AND ?, with PARTITION n: parts 0 to n");
  return err->code;
}
