/* text.c - UTF-16 and back, names within SQL, what drivers say about failures. */
#include <ctype.h>
#include <strings.h>

#include "odbc/odbc.h"

/* --- UTF-16 --- */

/* The next character; what is no UTF-8 is U+FFFD, one byte of it. */
static uint32_t next_character(const uint8_t **at, const uint8_t *end) {
  const uint8_t *p = *at;
  uint32_t first = *p++;
  int more = first < 0x80 ? 0 : first >= 0xC2 && first < 0xE0 ? 1 : first >= 0xE0 && first < 0xF0 ? 2 : first >= 0xF0 && first < 0xF5 ? 3 : -1;
  *at = p;
  if (more < 1) return more ? 0xFFFD : first;
  uint32_t c = first & (0x3Fu >> more);
  for (int i = 0; i < more; i++) {
    if (p == end || (*p & 0xC0) != 0x80) return 0xFFFD;
    c = c << 6 | (*p++ & 0x3Fu);
  }
  bool bad = (more == 2 && (c < 0x800 || (c >= 0xD800 && c < 0xE000))) || (more == 3 && (c < 0x10000 || c > 0x10FFFF));
  if (bad) return 0xFFFD;
  *at = p;
  return c;
}

size_t odbc_widen(const char *text, size_t len, SQLWCHAR *out) {
  const uint8_t *at = (const uint8_t *)text, *end = at + len;
  size_t count = 0;
  while (at < end) {
    uint32_t c = next_character(&at, end);
    if (c < 0x10000) {
      if (out) out[count] = (SQLWCHAR)c;
      count++;
    } else {
      if (out) out[count] = (SQLWCHAR)(0xD800 + ((c - 0x10000) >> 10)), out[count + 1] = (SQLWCHAR)(0xDC00 + ((c - 0x10000) & 0x3FF));
      count += 2;
    }
  }
  return count;
}

SQLWCHAR *odbc_wide(const char *text, size_t len, size_t *count) {
  size_t units = odbc_widen(text, len, NULL);
  SQLWCHAR *out = malloc((units + 1) * sizeof *out);
  if (!out) return NULL;
  odbc_widen(text, len, out);
  out[units] = 0;
  if (count) *count = units;
  return out;
}

static void put_character(Bytes *out, uint32_t c) {
  uint8_t text[4];
  int len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const uint8_t first[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (int i = len - 1; i > 0; i--, c >>= 6) text[i] = (uint8_t)(0x80 | (c & 0x3F));
  text[0] = (uint8_t)(first[len] | c);
  bytes_put(out, text, (size_t)len);
}

void odbc_narrow(Bytes *out, const SQLWCHAR *text, size_t count) {
  if (!bytes_reserve(out, count)) return;
  for (size_t i = 0; i < count; i++) {
    uint32_t c = text[i];
    if (c < 0x80 && out->len < out->cap) {
      out->data[out->len++] = (uint8_t)c;
      continue;
    }
    bool pair = c >= 0xD800 && c < 0xDC00 && i + 1 < count && text[i + 1] >= 0xDC00 && text[i + 1] < 0xE000;
    if (pair) c = 0x10000 + ((c - 0xD800) << 10) + (uint32_t)(text[++i] - 0xDC00);
    else if (c >= 0xD800 && c < 0xE000) c = 0xFFFD;
    put_character(out, c);
  }
}

/* --- Names --- */

void odbc_put_name(const System *system, Bytes *out, const char *name) {
  if (system->quote == ' ') sql_put(out, name);
  else sql_put_name(out, name, system->quote);
}

/* Without quotes only plain names can be written. */
static bool plain(const SqlName *name) {
  for (uint32_t i = 0; i < name->count; i++)
    for (const char *at = name->parts[i]; *at; at++)
      if (!isalnum((unsigned char)*at) && *at != '_') return false;
  return true;
}

int odbc_put_table(const System *system, Bytes *out, const char *text, TableError *error) {
  SqlName name;
  bool quotes = system->quote != ' ';
  if (sql_name_parse(text, quotes ? system->quote : '"', &name, error) != 0) return -1;
  bool good = quotes || plain(&name);
  for (uint32_t i = 0; i < name.count && good; i++) {
    if (i) sql_put(out, ".");
    odbc_put_name(system, out, name.parts[i]);
  }
  sql_name_free(&name);
  return good ? 0 : MODULE_FAIL(error, "the driver has no quotes for names, so a name is made of letters, digits and _ only, not '%s'", text);
}

/* --- Failures --- */

/* "[unixODBC][Driver][PostgreSQL]message" without what is in brackets before it; line ends and rows of blanks become one. */
static void put_message(Bytes *out, const char *text) {
  while (*text == '[') {
    const char *end = strchr(text, ']');
    if (!end) break;
    text = end + 1;
  }
  for (bool blank = false; *text; text++) {
    bool space = isspace((unsigned char)*text);
    if (space) blank = true;
    else if (blank && out->len) bytes_put(out, " ", 1), blank = false;
    if (!space) bytes_put(out, text, 1);
  }
}

static const struct {
  const char *state, *part, *hint; /* an SQLSTATE or NULL; a part of the message or NULL */
} hints[] = {
    {"IM002", NULL, "@url = 'odbc:DSN=name' or 'odbc:Driver={name};Server=…'; odbcinst -q -s lists the names, odbcinst -q -d the drivers"},
    {NULL, "can't open lib", "install the driver; odbcinst -q -d lists those that are known"},
    {"28000", NULL, "check @user and @password"},
    {NULL, "password", "check @user and @password"},
    {NULL, "access denied", "check @user and @password"},
    {"08001", NULL, "check the server's name and port in @url, and that it runs"},
    {"08S01", NULL, "the connection was lost; check that the server runs, and run the script again"},
    {"08004", NULL, "the server takes no connection"},
    {"42501", NULL, "the user needs a permission that it has not"},
    {"40001", NULL, "another transaction was in the way; run the script again"},
};

static bool contains(const char *text, const char *part) {
  return strcasestr(text, part) != NULL;
}

static void put_hint(const Link *link, const char *text, TableError *error) {
  for (size_t i = 0; i < sizeof hints / sizeof *hints && !error->hint[0]; i++) {
    if (hints[i].state && strcmp(hints[i].state, link->state) != 0) continue;
    if (hints[i].part && !contains(text, hints[i].part)) continue;
    MODULE_HINT(error, "%s", hints[i].hint);
  }
}

int odbc_failed(Link *link, SQLSMALLINT type, SQLHANDLE handle, const char *before, TableError *error) {
  enum { MOST = 2000, MOST_RECORDS = 5 };
  Bytes text = {0}, one = {0};
  SQLWCHAR state[6] = {0}, message[MOST];
  SQLINTEGER native = 0;
  SQLSMALLINT len = 0;
  link->state[0] = 0;
  for (SQLSMALLINT i = 1; i <= MOST_RECORDS && SQL_SUCCEEDED(SQLGetDiagRecW(type, handle, i, state, &native, message, MOST, &len)); i++) {
    Bytes raw = {0};
    odbc_narrow(&raw, message, len < 0 ? 0 : len < MOST ? (size_t)len : MOST - 1);
    if (i == 1) {
      for (int k = 0; k < 5; k++) link->state[k] = (char)state[k];
      link->native = native;
    }
    one.len = 0;
    if (sql_text(&raw)) put_message(&one, (const char *)raw.data);
    if (text.len && one.len) sql_put(&text, "; ");
    bytes_put(&text, one.data, one.len);
    bytes_free(&raw);
  }
  const char *said = sql_text(&text);
  if (!said || !said[0]) said = "the driver does not say why";
  put_hint(link, said, error);
  MODULE_FAIL(error, "%s%s%s%s%s", before, said, link->state[0] ? " (" : "", link->state, link->state[0] ? ")" : "");
  bytes_free(&one);
  bytes_free(&text);
  return -1;
}

bool odbc_missing(const Link *link) {
  return strcmp(link->state, "42S02") == 0 || strcmp(link->state, "42P01") == 0 || strcmp(link->state, "S0002") == 0;
}

/* --- Which tables there are --- */

static char *get_text(SQLHSTMT statement, SQLUSMALLINT number) {
  enum { MOST = 1024 };
  SQLWCHAR text[MOST];
  SQLLEN len = 0;
  Bytes out = {0};
  if (SQL_SUCCEEDED(SQLGetData(statement, number, SQL_C_WCHAR, text, sizeof text, &len)) && len >= 0)
    odbc_narrow(&out, text, (size_t)len / sizeof *text < MOST ? (size_t)len / sizeof *text : MOST - 1);
  return (char *)sql_text(&out);
}

typedef struct Tables {
  char **names;
  uint32_t count;
  size_t cap;
} Tables;

/* Takes a row of SQLTables; the same name in another schema does not count, where one is named. */
static int take_table(Tables *tables, SQLHSTMT statement, const SqlName *name, bool *found) {
  enum { MOST_TABLES = 100000 };
  char *schema = get_text(statement, 2), *table = get_text(statement, 3);
  bool same = schema && table && strcmp(table, name->parts[name->count - 1]) == 0;
  if (same && name->count > 1 && schema[0] && strcmp(schema, name->parts[name->count - 2]) != 0) same = false;
  *found = *found || same;
  free(schema);
  void *grown = table ? module_room(tables->names, tables->count, &tables->cap, sizeof *tables->names, MOST_TABLES) : NULL;
  if (!grown) {
    free(table);
    return -1;
  }
  tables->names = grown;
  tables->names[tables->count++] = table;
  return 0;
}

int odbc_find_table(Link *link, const char *text, bool *found, char **near, TableError *error) {
  SqlName name;
  SQLHSTMT statement = NULL;
  SQLRETURN answer = SQL_NO_DATA;
  Tables tables = {0};
  *found = false;
  *near = NULL;
  if (sql_name_parse(text, link->system->quote != ' ' ? link->system->quote : '"', &name, error) != 0) return -1;
  int status = odbc_statement(link, &statement, error);
  if (status == 0 && !SQL_SUCCEEDED(SQLTables(statement, NULL, 0, NULL, 0, NULL, 0, NULL, 0))) status = odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
  while (status == 0 && (status = odbc_fetch(link, statement, &answer, error)) == 0 && answer != SQL_NO_DATA)
    if (take_table(&tables, statement, &name, found) != 0) break;
  if (status == 0) {
    const char *nearest = sql_nearest(name.parts[name.count - 1], (const char *const *)tables.names, tables.count);
    *near = nearest ? strdup(nearest) : NULL;
  }
  for (uint32_t i = 0; i < tables.count; i++) free(tables.names[i]);
  free(tables.names);
  odbc_statement_free(link, &statement);
  sql_name_free(&name);
  return status;
}
