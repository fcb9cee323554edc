/* load_text.c - CREATE of delimited text and of lines: the heads of files, their columns. Reads nothing but the
 * head of a file, for its header. */
#include <errno.h>
#include <stdlib.h>

#include "engine/load.h"
#include "engine/text_adapter.h"
#include "io/stream.h"
#include "value/arrow_abi.h"

enum { HEAD = 64 << 10 };

/* --- The head of a file --- */

DcCode load_head(LoadPlan *plan, uint32_t number, size_t want, Buf *out, bool *ended, DcError *err) {
  const InputFile *file = &plan->files.files[number];
  Opened *kept = plan->opened ? &plan->opened[number] : NULL;
  if (kept && file->regular && (!file->remote || kept->taken || plan->heads_only)) kept = NULL;
  InputStream *stream = kept ? kept->stream : NULL;
  bool part = !kept && file->regular && file->codec == CODEC_NONE && !file->archive_len;
  if (!stream) DC_TRY(stream_open(file, 0, part ? want : UINT64_MAX, &stream, err));
  if (part && stream_fetch(stream, err) != DC_OK) {
    stream_close(stream);
    return err->code;
  }
  if (kept) {
    kept->stream = stream;
    kept->since = time(NULL);
  }
  Buf *buf = kept ? &kept->ahead : out;
  DcCode code = DC_OK;
  size_t got = 1;
  while (buf->len < want && got && code == DC_OK) {
    buf_reserve(buf, want - buf->len);
    code = stream_read(stream, buf->data + buf->len, want - buf->len, &got, err);
    if (code == DC_OK) buf->len += got;
  }
  *ended = got == 0;
  if (kept) {
    out->len = 0;
    buf_put(out, buf->data, buf->len);
  } else {
    stream_close(stream);
  }
  return code;
}

/* Where the first row ends; 0: not in this text. */
static size_t first_row_end(const char *text, size_t len, const TextDialect *dialect) {
  const char *end = text + len;
  for (const char *p = text; (p = memchr(p, '\n', (size_t)(end - p))); p++) {
    size_t until = (size_t)(p - text) + 1;
    if (text_last_row_end(text, until, dialect) == until) return until;
  }
  return 0;
}

/* What a file begins with. Offsets are in its decompressed bytes; first_len 0: there is no row behind the header. */
typedef struct Head {
  Buf text;
  size_t header, header_len, data, first_len;
  bool complete; /* text is long enough to tell */
} Head;

static size_t skip_comments(const LoadPlan *plan, const Buf *text, size_t at) {
  while (plan->text->comment && at < text->len && text->data[at] == plan->text->comment) {
    const char *line = memchr(text->data + at, '\n', text->len - at);
    at = line ? (size_t)(line - text->data) + 1 : text->len;
  }
  return at;
}

static bool cut_row(const LoadPlan *plan, const Head *head, size_t at, bool ended, size_t *len) {
  *len = at < head->text.len ? first_row_end(head->text.data + at, head->text.len - at, &plan->text->dialect) : 0;
  if (*len) return true;
  *len = head->text.len - at;
  return ended;
}

static void parse_head(const LoadPlan *plan, Head *head, bool ended) {
  const Buf *text = &head->text;
  size_t at = text->len >= 3 && memcmp(text->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  for (uint64_t i = 0; i < plan->text->skip && at < text->len; i++) {
    const char *line = memchr(text->data + at, '\n', text->len - at);
    at = line ? (size_t)(line - text->data) + 1 : text->len;
  }
  head->complete = true;
  head->header = at = skip_comments(plan, text, at);
  head->header_len = 0;
  if (plan->text->header && !plan->text->plain) {
    if (!cut_row(plan, head, at, ended, &head->header_len)) head->complete = false;
    at += head->header_len;
  }
  head->data = at;
  if (plan->text->plain) return; /* nobody asks for its first line, which may be all of the file */
  at = skip_comments(plan, text, at);
  if (!cut_row(plan, head, at, ended, &head->first_len)) head->complete = false;
  if (head->first_len) head->first_len += at - head->data;
}

static DcCode get_head(LoadPlan *plan, uint32_t number, Head *head, DcError *err) {
  memset(head, 0, sizeof *head);
  for (size_t want = HEAD;; want *= 4) {
    bool ended = false;
    head->text.len = 0;
    DcCode code = load_head(plan, number, want, &head->text, &ended, err);
    if (code == DC_OK) parse_head(plan, head, ended);
    if (code == DC_OK && !head->complete && !ended && want < ((size_t)1 << 30)) continue;
    if (code != DC_OK) buf_free(&head->text);
    return code;
  }
}

/* --- Columns --- */

enum { MAX_FIELDS = 65536 };

/* Room for no more fields than the row has bytes: files may be many and small. */
static size_t split(const LoadPlan *plan, const char *row, size_t len, Str **fields, Arena *arena) {
  size_t most = len + 1 < MAX_FIELDS ? len + 1 : MAX_FIELDS;
  *fields = arena_alloc(arena, most * sizeof **fields);
  return text_split_row(row, text_row_trim(row, len), &plan->text->dialect, *fields, most, arena);
}

/* Names of a header's fields; an empty one is called _n. */
static DcCode header_names(const LoadPlan *plan, const Head *head, Str **out, size_t *count, Arena *arena, const char *path, DcError *err) {
  Str *fields;
  *count = split(plan, head->text.data + head->header, head->header_len, &fields, arena);
  for (size_t i = 0; i < *count; i++) {
    fields[i] = fields[i].len ? arena_str(arena, fields[i]) : arena_printf(arena, "_%zu", i + 1);
    for (size_t k = 0; k < i && !plan->wanted_count; k++) {
      if (!str_eq(fields[i], fields[k])) continue;
      dc_fail(err, "%s: two columns are called \"%.*s\"", path, STR_ARG(fields[i]));
      dc_hint(err, "name the columns: (@header = FALSE, @skip = 1) VALUE (a, b, …)");
      return err->code;
    }
  }
  *out = fields;
  return DC_OK;
}

static const TextFormat *intern_format(Engine *engine, const TextFormat *wanted) {
  pthread_mutex_lock(&engine->lock);
  TextFormat *format = engine->formats;
  for (; format; format = format->next) {
    if (memcmp(&format->dialect, &wanted->dialect, sizeof format->dialect) == 0 && format->field_count == wanted->field_count &&
        format->column_count == wanted->column_count && str_eq(format->null_text, wanted->null_text) &&
        !format->null_text.data == !wanted->null_text.data &&
        memcmp(format->column_field, wanted->column_field, wanted->column_count * sizeof(int)) == 0)
      break;
  }
  if (!format) {
    format = dc_alloc(sizeof *format);
    *format = *wanted;
    format->column_field = dc_alloc((wanted->column_count + 1) * sizeof(int));
    memcpy(format->column_field, wanted->column_field, wanted->column_count * sizeof(int));
    if (wanted->null_text.data) format->null_text = arena_str(&engine->arena, wanted->null_text);
    format->identity = format->column_count == format->field_count;
    for (uint32_t i = 0; i < format->column_count; i++) format->identity = format->identity && format->column_field[i] == (int)i;
    format->next = engine->formats;
    engine->formats = format;
  }
  pthread_mutex_unlock(&engine->lock);
  return format;
}

/* Columns by name: fields[i] = field number of schema column i. */
static DcCode map_by_name(const Schema *schema, bool all, const char *path, const Str *names, size_t count, int *fields, DcError *err) {
  for (uint32_t i = 0; i < schema->count; i++) {
    fields[i] = -1;
    for (size_t k = 0; k < count && fields[i] < 0; k++)
      if (str_eq(names[k], schema->names[i])) fields[i] = (int)k;
    if (fields[i] < 0) return load_missing_column(path, schema->names[i], names, count, err);
  }
  for (size_t k = 0; all && k < count; k++) {
    if (schema_column(schema, names[k]) >= 0) continue;
    dc_fail(err, "%s: column \"%.*s\" is not in the first file", path, STR_ARG(names[k]));
    dc_hint(err, "name the columns to take: VALUE (a, b, …)");
    return err->code;
  }
  return DC_OK;
}

static void map_by_position(const LoadPlan *plan, const Schema *schema, int *fields) {
  uint32_t n = 0;
  for (size_t i = 0; i < plan->wanted_count; i++)
    if (!str_is(plan->wanted[i], "_")) fields[n++] = (int)i;
  for (; n < schema->count; n++) fields[n] = (int)n; /* _1, _2, … */
}

static DcCode prepare_columns(Dataset *node, uint32_t number, const Head *head, Arena *arena, TextFormat *format, DcError *err) {
  LoadPlan *plan = node->load;
  const char *path = plan->files.files[number].path.data;
  Schema own = node->schema;
  own.count = load_own_columns(node);
  if (plan->text->plain) {
    format->field_count = 1;
    format->column_field[0] = 0;
    return DC_OK;
  }
  Str *names;
  size_t count = 0;
  if (plan->text->header) {
    if (!head->header_len) return DC_OK; /* an empty file has no rows either */
    DC_TRY(header_names(plan, head, &names, &count, arena, path, err));
    DC_TRY(map_by_name(&own, plan->wanted_count == 0, path, names, count, format->column_field, err));
  } else {
    map_by_position(plan, &own, format->column_field);
    Str *fields;
    size_t first = head->first_len ? split(plan, head->text.data + head->data, head->first_len, &fields, arena) : 0;
    count = plan->wanted_count ? plan->wanted_count : own.count;
    if (plan->text->extra == MISMATCH_IGNORE && first > count) count = first;
  }
  format->field_count = (uint32_t)count;
  return DC_OK;
}

/* Reads a file's head once: format, start of data, source number. */
DcCode load_prepare(Dataset *node, uint32_t number, DcError *err) {
  LoadPlan *plan = node->load;
  if (plan->formats[number]) return DC_OK;
  Head head;
  DC_TRY(get_head(plan, number, &head, err));
  Arena arena = {0};
  TextFormat format = {.dialect = plan->text->dialect, .column_count = load_own_columns(node), .null_text = plan->text->null_text};
  format.column_field = arena_alloc(&arena, (load_own_columns(node) + 1) * sizeof(int));
  DcCode code = prepare_columns(node, number, &head, &arena, &format, err);
  if (code == DC_OK) {
    (void)load_source(node, number, false);
    plan->starts[number] = head.data;
    plan->formats[number] = intern_format(node->engine, &format);
  }
  arena_free(&arena);
  buf_free(&head.text);
  return code;
}

/* The columns of the dataset: the VALUE list without "_", or the header, or _1 … of the first row. */
static DcCode find_columns(Dataset *node, DcError *err) {
  LoadPlan *plan = node->load;
  static const Str value_name = {"_value", 6};
  if (plan->text->plain) {
    node_schema(node, DS_PLAIN_TEXT, &value_name, 1);
    return DC_OK;
  }
  Arena arena = {0};
  Str *names = arena_alloc(&arena, (plan->wanted_count + 1) * sizeof *names);
  size_t count = 0;
  DcCode code = DC_OK;
  for (size_t i = 0; i < plan->wanted_count; i++)
    if (!str_is(plan->wanted[i], "_")) names[count++] = plan->wanted[i];
  for (uint32_t f = 0; !plan->wanted_count && !count && f < plan->files.count && code == DC_OK; f++) {
    Head head;
    code = get_head(plan, f, &head, err);
    if (code != DC_OK && plan->hive.count && f + 1 < plan->files.count) { /* it may well be that this one is never read */
      dc_error_clear(err);
      code = DC_OK;
      continue;
    }
    if (code != DC_OK) break;
    if (plan->text->header && head.header_len) {
      code = header_names(plan, &head, &names, &count, &arena, plan->files.files[f].path.data, err);
    } else if (!plan->text->header && head.first_len) {
      count = split(plan, head.text.data + head.data, head.first_len, &names, &arena);
      for (size_t i = 0; i < count; i++) names[i] = arena_printf(&arena, "_%zu", i + 1);
    }
    buf_free(&head.text);
  }
  if (code == DC_OK) node_schema(node, DS_COLUMNAR, names, count);
  arena_free(&arena);
  return code;
}

static const struct ArrowSchema text_type = {.format = "u", .name = "", .flags = ARROW_FLAG_NULLABLE};

/* Columns by the VALUE list are looked for in the first file at once, so that a missing one shows where it is named. */
static DcCode text_schema(Dataset *node, DcError *err) {
  LoadPlan *plan = node->load;
  size_t files = plan->files.count;
  plan->text = plan->file.own;
  plan->formats = dc_alloc((files + 1) * sizeof *plan->formats);
  plan->starts = dc_alloc((files + 1) * sizeof *plan->starts);
  plan->opened = dc_alloc((files + 1) * sizeof *plan->opened);
  DC_TRY(find_columns(node, err));
  const struct ArrowSchema **types = arena_alloc(&plan->arena, (node->schema.count + 1) * sizeof *types);
  for (uint32_t i = 0; i < node->schema.count; i++) types[i] = &text_type;
  node_types(node, types);
  return files && plan->text->header && plan->wanted_count ? load_prepare(node, 0, err) : DC_OK;
}

static bool cuttable(const LoadPlan *plan) { return !plan->text->encoding.data; }

static DcCode check_columns(const LoadPlan *plan, const LoadSpec *spec, DcError *err) {
  const TextOptions *options = plan->file.own;
  if (!options->plain || !spec->column_count) return DC_OK;
  return dc_fail_at(err, DC_FAIL, spec->adapter_pos, "\"%.*s\" reads lines and takes no columns", STR_ARG(spec->adapter));
}

void text_load_free(LoadPlan *plan) {
  for (size_t i = 0; plan->opened && i < plan->files.count; i++) {
    stream_close(plan->opened[i].stream);
    buf_free(&plan->opened[i].ahead);
  }
  dc_free(plan->opened);
  dc_free(plan->formats);
  dc_free(plan->starts);
}

const SourceOps text_source = {.check = check_columns, .schema = text_schema, .cuttable = cuttable, .free = text_load_free, .open = text_reader_open};
