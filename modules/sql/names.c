/* names.c - names of tables and columns, queries, statements with parameters. */
#include <ctype.h>
#include <strings.h>

#include "sql/sql.h"

/* --- Text --- */

void sql_put(Bytes *out, const char *text) { bytes_put(out, text, strlen(text)); }

void sql_putf(Bytes *out, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int len = vsnprintf(NULL, 0, format, args);
  if (len >= 0 && bytes_reserve(out, (size_t)len + 1)) {
    vsnprintf((char *)out->data + out->len, (size_t)len + 1, format, again);
    out->len += (size_t)len;
  }
  va_end(again);
  va_end(args);
}

const char *sql_text(Bytes *bytes) {
  bytes_zeros(bytes, 1);
  if (bytes->failed) return NULL;
  bytes->len--;
  return (const char *)bytes->data;
}

/* --- Names --- */

/* Appends a part within quotes; the end of it, NULL: there is none. */
static const char *quoted_part(const char *at, char quote, Bytes *out) {
  for (at++; *at; at++) {
    if (*at == quote && *++at != quote) return at;
    bytes_put(out, at, 1);
  }
  return NULL;
}

int sql_name_parse(const char *text, char quote, SqlName *out, TableError *error) {
  const char *at = text;
  *out = (SqlName){.count = 0};
  for (;;) {
    Bytes part = {0};
    if (*at == quote || *at == '"') {
      at = quoted_part(at, *at, &part);
    } else {
      size_t len = strcspn(at, ".");
      bytes_put(&part, at, len);
      at += len;
    }
    bool good = at && part.len && (*at == '.' || !*at) && out->count < SQL_MOST_PARTS && sql_text(&part);
    if (good) out->parts[out->count++] = (char *)part.data;
    else bytes_free(&part);
    if (good && !*at) return 0;
    if (!good) break;
    at++;
  }
  sql_name_free(out);
  MODULE_FAIL(error, "'%.*s' is no name of a table", sql_shown(text, strlen(text)), text);
  MODULE_HINT(error, "write 'table' or 'schema.table'; a part with dots or quotes in it within %c", quote);
  return -1;
}

void sql_name_free(SqlName *name) {
  for (uint32_t i = 0; i < name->count; i++) free(name->parts[i]);
  name->count = 0;
}

void sql_put_name(Bytes *out, const char *name, char quote) {
  bytes_put(out, &quote, 1);
  for (const char *at = name; *at; at++) {
    if (*at == quote) bytes_put(out, &quote, 1);
    bytes_put(out, at, 1);
  }
  bytes_put(out, &quote, 1);
}

void sql_put_names(Bytes *out, const SqlName *name, char quote) {
  for (uint32_t i = 0; i < name->count; i++) {
    if (i) bytes_put(out, ".", 1);
    sql_put_name(out, name->parts[i], quote);
  }
}

void sql_put_list(Bytes *out, const char *const *names, uint32_t count, char quote) {
  for (uint32_t i = 0; i < count; i++) {
    if (i) sql_put(out, ", ");
    sql_put_name(out, names[i], quote);
  }
}

/* --- Queries --- */

/* Behind blanks and comments. */
static const char *skip_blanks(const char *at) {
  for (;;) {
    if (isspace((unsigned char)*at)) at++;
    else if (at[0] == '-' && at[1] == '-') at += strcspn(at, "\n");
    else if (at[0] == '/' && at[1] == '*') {
      const char *end = strstr(at + 2, "*/");
      at = end ? end + 2 : at + strlen(at);
    } else return at;
  }
}

static bool begins_with(const char *text, const char *const *words) {
  const char *at = skip_blanks(text);
  if (*at == '(') return true;
  for (; *words; words++) {
    size_t len = strlen(*words);
    if (strncasecmp(at, *words, len) == 0 && at[len] && (isspace((unsigned char)at[len]) || strchr("(*'\"/-+", at[len]))) return true;
  }
  return false;
}

bool sql_can_nest(const char *text) {
  static const char *const words[] = {"SELECT", "WITH", "VALUES", "TABLE", NULL};
  return begins_with(text, words);
}

bool sql_is_query(const char *text) {
  static const char *const words[] = {"SHOW", "CALL", "EXEC", "EXECUTE", "EXPLAIN", "DESCRIBE", NULL};
  return sql_can_nest(text) || begins_with(text, words);
}

size_t sql_query_length(const char *text) {
  size_t len = strlen(text);
  while (len && (isspace((unsigned char)text[len - 1]) || text[len - 1] == ';')) len--;
  return len;
}

/* --- Near names --- */

enum { MOST_NAME = 64 };

/* Levenshtein's distance of names of at most MOST_NAME bytes, without regard to case. */
static size_t distance(const char *a, const char *b) {
  size_t row[MOST_NAME + 1], n = strlen(a), m = strlen(b);
  if (n > MOST_NAME || m > MOST_NAME) return MOST_NAME;
  for (size_t j = 0; j <= m; j++) row[j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t change = diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
      size_t shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
      diagonal = row[j];
      row[j] = change < shift ? change : shift;
    }
  }
  return row[m];
}

const char *sql_nearest(const char *name, const char *const *candidates, uint32_t count) {
  size_t best = strlen(name) / 3 + 1;
  const char *found = NULL;
  for (uint32_t i = 0; i < count; i++) {
    size_t far = distance(name, candidates[i]);
    if (far >= best + !found) continue;
    best = far;
    found = candidates[i];
  }
  return found;
}

/* --- Parameters --- */

/* The end of what begins with $ and is a text as PostgreSQL has them, $tag$ … $tag$; otherwise at + 1. */
static const char *skip_dollars(const char *at) {
  size_t tag = 1;
  while (isalnum((unsigned char)at[tag]) || at[tag] == '_') tag++;
  if (at[tag] != '$' || isdigit((unsigned char)at[1])) return at + 1;
  for (const char *end = at + tag + 1; (end = strchr(end, '$')); end++)
    if (strncmp(end, at, tag + 1) == 0) return end + tag + 1;
  return at + strlen(at);
}

/* The end of a text, a name or a comment that begins here; otherwise at + 1. */
static const char *skip_token(const char *at) {
  if (*at == '\'' || *at == '"') {
    const char *end = strchr(at + 1, *at);
    return end ? end + 1 : at + strlen(at);
  }
  if (*at == '$') return skip_dollars(at);
  const char *behind = skip_blanks(at);
  return behind > at ? behind : at + 1;
}

uint32_t sql_number_parameters(const char *statement, Bytes *out) {
  uint32_t count = 0;
  for (const char *at = statement; *at;) {
    if (*at == '?' && at[1] == '?') {
      bytes_put(out, at, 1);
      at += 2;
    } else if (*at == '?') {
      sql_putf(out, "$%u", ++count);
      at++;
    } else {
      const char *end = skip_token(at);
      bytes_put(out, at, (size_t)(end - at));
      at = end;
    }
  }
  return count;
}
