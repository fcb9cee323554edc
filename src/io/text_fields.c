/* text_fields.c - takes fields out of rows: the exact byte-by-byte reader, which is the meaning of delimited text here,
 * and the way of wanted columns to the kernels.
 *
 * The exact reader follows libcsv without its stripping of blanks: behind a quote inside of a quoted field, a delimiter
 * or a line end closes the field, a second quote is one quote, and any other byte goes on with the field, the quote
 * kept. An escaped byte is taken as it is; an escape at the end of a row stands for itself.
 */
#include "io/text_scan_internal.h"

/* What follows a quote in a quoted field at text[at]: does the field end there? */
static bool closes(const char *text, size_t at, size_t len, char delimiter) {
  if (at + 1 >= len || text[at + 1] == delimiter || text[at + 1] == '\n') return true;
  return text[at + 1] == '\r' && (at + 2 >= len || text[at + 2] == '\n');
}

/* From the opening quote to behind the closing one; *open: there is none. */
static size_t skip_quoted(const char *text, size_t at, size_t len, const TextDialect *dialect, bool *open) {
  for (at++; at < len; at++) {
    if (dialect->escape && text[at] == dialect->escape) {
      at++;
    } else if (text[at] == dialect->quote) {
      if (closes(text, at, len, dialect->delimiter)) return at + 1;
      if (text[at + 1] == dialect->quote) at++;
    } else if (!dialect->escape) {
      const char *quote = memchr(text + at, dialect->quote, len - at);
      if (!quote) break;
      at = (size_t)(quote - text) - 1;
    }
  }
  *open = true;
  return len;
}

ExactRow text_exact_row(const char *text, size_t start, size_t len, const TextDialect *dialect) {
  ExactRow row = {.end = len, .fields = 1};
  bool field_start = true;
  for (size_t at = start; at < len; at++) {
    if (field_start && dialect->quote && text[at] == dialect->quote) {
      at = skip_quoted(text, at, len, dialect, &row.open);
      if (at >= len) break;
    }
    field_start = false;
    if (text[at] == '\n') {
      row.end = at + 1;
      row.complete = true;
      break;
    }
    if (dialect->escape && text[at] == dialect->escape) {
      at++;
    } else if (text[at] == dialect->delimiter) {
      row.fields++;
      field_start = true;
    }
  }
  return row;
}

/* Copies the inside of a quoted field, or an unquoted one with escapes, without quotes and escapes that do not count. */
static Str unescape(const char *data, size_t len, bool quoted, const TextDialect *dialect, Arena *arena) {
  char *copy = arena_raw(arena, len + 1), *out = copy;
  for (size_t i = 0; i < len; i++) {
    if (i + 1 < len && dialect->escape && data[i] == dialect->escape) i++;
    else if (i + 1 < len && quoted && data[i] == dialect->quote && data[i + 1] == dialect->quote) i++;
    *out++ = data[i];
  }
  return (Str){copy, (size_t)(out - copy)};
}

static size_t unquoted_end(const char *row, size_t at, size_t len, const TextDialect *dialect) {
  if (!dialect->escape) {
    const char *end = at < len ? memchr(row + at, dialect->delimiter, len - at) : NULL;
    return end ? (size_t)(end - row) : len;
  }
  for (; at < len && row[at] != dialect->delimiter; at++)
    if (row[at] == dialect->escape && at + 1 < len) at++;
  return at;
}

size_t text_exact_field(const char *row, size_t at, size_t len, const TextDialect *dialect, Str *field, bool *quoted, Arena *arena) {
  size_t end;
  bool open = false;
  *quoted = dialect->quote && at < len && row[at] == dialect->quote;
  if (*quoted) {
    end = skip_quoted(row, at, len, dialect, &open);
    size_t inner = open ? end - at - 1 : end - at - 2;
    *field = (Str){row + at + 1, inner};
    if (inner && (memchr(field->data, dialect->quote, inner) || (dialect->escape && memchr(field->data, dialect->escape, inner))))
      *field = unescape(field->data, inner, true, dialect, arena);
    return end;
  }
  end = unquoted_end(row, at, len, dialect);
  *field = (Str){row + at, end - at};
  if (dialect->escape && end > at && memchr(row + at, dialect->escape, end - at))
    *field = unescape(row + at, end - at, false, dialect, arena);
  return end;
}

void text_exact_fields(const FieldsJob *job, size_t i) {
  size_t r = job->rows ? job->rows[i] : i;
  const char *row = job->text + job->offsets[r];
  size_t len = text_row_trim(row, job->offsets[r + 1] - job->offsets[r]), at = 0;
  int field = -1; /* number of the last field read */
  Str text = {NULL, 0};
  bool quoted = false;
  for (size_t c = 0; c < job->column_count; c++) {
    while (field < job->columns[c] && at <= len) {
      at = text_exact_field(row, at, len, job->dialect, &text, &quoted, job->arena) + 1;
      field++;
    }
    bool found = field == job->columns[c];
    job->out[c][i] = found ? text : (Str){NULL, 0};
    if (job->quoted) job->quoted[c][i] = found && quoted;
  }
}

size_t text_split_row(const char *row, size_t len, const TextDialect *dialect, Str *fields, size_t cap, Arena *arena) {
  len = text_row_trim(row, len);
  if (dialect->plain) {
    if (cap) fields[0] = (Str){row, len};
    return 1;
  }
  size_t count = 0;
  for (size_t at = 0; at <= len; at++) {
    Str field;
    bool quoted;
    at = text_exact_field(row, at, len, dialect, &field, &quoted, arena);
    if (count < cap) fields[count] = field;
    count++;
  }
  return count;
}

size_t text_count_fields(const char *row, size_t len, const TextDialect *dialect) {
  if (dialect->plain) return 1;
  return text_exact_row(row, 0, text_row_trim(row, len), dialect).fields;
}

/* Lines: column 0 is all of it. */
static void line_fields(const FieldsJob *job) {
  for (size_t i = 0; i < job->n; i++) {
    size_t r = job->rows ? job->rows[i] : i;
    const char *row = job->text + job->offsets[r];
    Str line = {row, text_row_trim(row, job->offsets[r + 1] - job->offsets[r])};
    for (size_t c = 0; c < job->column_count; c++) {
      job->out[c][i] = job->columns[c] ? (Str){NULL, 0} : line;
      if (job->quoted) job->quoted[c][i] = 0;
    }
  }
}

void text_fields(const char *text, const uint32_t *offsets, const uint32_t *rows, size_t n, const TextDialect *dialect,
                 unsigned flags, const int *columns, size_t column_count, Str *const *out, uint8_t *const *quoted, Arena *arena) {
  if (!n || !column_count) return;
  TextDialect used = *dialect;
  if (used.escape && !rows && !memchr(text + offsets[0], used.escape, offsets[n] - offsets[0])) used.escape = 0;
  FieldsJob job = {text, offsets, rows, n, &used, columns, column_count, out, quoted, arena};
  if (used.plain) {
    line_fields(&job);
    return;
  }
  if (used.escape && used.escape != used.quote) {
    for (size_t i = 0; i < n; i++) text_exact_fields(&job, i);
    return;
  }
  text_scan_kernels()->fields(&job, used.quote && (flags & ROWS_QUOTED));
}

/* Without quotes only an escape can protect a byte that would end the field. */
static void put_escaped(Buf *out, Str field, const TextDialect *dialect) {
  for (size_t i = 0; i < field.len; i++) {
    char c = field.data[i];
    if (c == dialect->delimiter || c == dialect->escape || c == '\r' || c == '\n') buf_char(out, dialect->escape);
    buf_char(out, c);
  }
}

/* A bit is set if a byte of the word is c. */
static uint64_t has_byte(uint64_t word, char c) {
  const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
  word ^= (unsigned char)c * ones;
  return (word - ones) & ~word & high;
}

static uint64_t has_special(uint64_t word, const TextDialect *dialect) {
  return has_byte(word, dialect->delimiter) | has_byte(word, dialect->quote) | has_byte(word, '\r') | has_byte(word, '\n');
}

/* Does it hold a delimiter, a quote or a line end? Eight bytes at a time, the last ones once more. */
static bool needs_quotes(Str field, const TextDialect *dialect) {
  uint64_t word = 0;
  if (field.len < sizeof word) {
    if (field.len) memcpy(&word, field.data, field.len);
    return has_special(word, dialect) != 0;
  }
  for (size_t i = 0; i + sizeof word < field.len; i += sizeof word) {
    memcpy(&word, field.data + i, sizeof word);
    if (has_special(word, dialect)) return true;
  }
  memcpy(&word, field.data + field.len - sizeof word, sizeof word);
  return has_special(word, dialect) != 0;
}

void text_put_field(Buf *out, Str field, const TextDialect *dialect, bool force) {
  char quote = dialect->quote, escape = dialect->escape;
  if (dialect->plain || !(quote || escape)) {
    buf_str(out, field);
    return;
  }
  if (!quote) {
    put_escaped(out, field, dialect);
    return;
  }
  bool needed = force || needs_quotes(field, dialect), escaped = escape && escape != quote && field.len && memchr(field.data, escape, field.len);
  if (!needed && !escaped) {
    buf_str(out, field);
    return;
  }
  buf_reserve(out, 2 * field.len + 2);
  char *to = out->data + out->len;
  if (needed) *to++ = quote;
  for (size_t i = 0; i < field.len; i++) {
    if (field.data[i] == quote) *to++ = quote;
    else if (escaped && field.data[i] == escape) *to++ = escape;
    *to++ = field.data[i];
  }
  if (needed) *to++ = quote;
  out->len = (size_t)(to - out->data);
}
