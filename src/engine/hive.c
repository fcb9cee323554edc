/* hive.c - attributes from folders called name=value, and the names of such folders. */
#include "engine/hive.h"

#include "base/utf8.h"
#include "engine/load.h"
#include "engine/structured.h"
#include "value/arrow_abi.h"

static const char default_value[] = "__HIVE_DEFAULT_PARTITION__";

/* --- Names --- */

/* As FileUtils.escapePathName: what file systems and Hive's own paths take for something else. */
static bool is_escaped(unsigned char c) { return c < 0x20 || c == 0x7F || (c && strchr("\"#%'*/:=?\\{[]^", c)); }

static void put_escaped(Buf *out, Str text) {
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.data[i];
    if (is_escaped(c)) buf_printf(out, "%%%02X", c);
    else buf_char(out, text.data[i]);
  }
}

void hive_put_folder(Buf *out, Str name, Str value, bool null) {
  put_escaped(out, name);
  buf_char(out, '=');
  if (null || !value.len) buf_text(out, default_value);
  else put_escaped(out, value);
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %XX become bytes; others stay, and all do if the result were no UTF-8. */
static Str unescape(Arena *arena, Str text) {
  char *out = arena_raw(arena, text.len + 1);
  size_t n = 0;
  for (size_t i = 0; i < text.len; i++) {
    int high = text.data[i] == '%' && i + 2 < text.len ? hex_digit(text.data[i + 1]) : -1;
    int low = high >= 0 ? hex_digit(text.data[i + 2]) : -1;
    if (low >= 0) i += 2;
    out[n++] = low >= 0 ? (char)(high * 16 + low) : text.data[i];
  }
  return utf8_is_valid(str_make(out, n)) ? str_make(out, n) : arena_str(arena, text);
}

/* --- Paths --- */

enum { MOST_ATTRIBUTES = 64 };

typedef struct Folders {
  uint32_t count;
  Str names[MOST_ATTRIBUTES], values[MOST_ATTRIBUTES];
  bool twice; /* two have one name */
} Folders;

static void add_folder(Folders *folders, Arena *arena, Str part) {
  const char *sign = memchr(part.data, '=', part.len);
  if (!sign || sign == part.data || folders->count == MOST_ATTRIBUTES) return;
  size_t len = (size_t)(sign - part.data);
  Str name = unescape(arena, str_make(part.data, len)), value = str_make(sign + 1, part.len - len - 1);
  for (uint32_t i = 0; i < folders->count; i++) folders->twice = folders->twice || str_eq(folders->names[i], name);
  folders->names[folders->count] = name;
  folders->values[folders->count++] = str_is(value, default_value) ? (Str){0} : unescape(arena, value);
}

/* The folders called name=value on the way to a file. */
static void find_folders(Str path, Arena *arena, Folders *out) {
  out->count = 0;
  out->twice = false;
  for (size_t start = 0, i = 0; i < path.len; i++) {
    if (path.data[i] != '/') continue;
    if (i > start) add_folder(out, arena, str_make(path.data + start, i - start));
    start = i + 1;
  }
}

static bool same_names(const Folders *a, const Folders *b) {
  if (a->count != b->count) return false;
  for (uint32_t i = 0; i < a->count; i++)
    if (!str_eq(a->names[i], b->names[i])) return false;
  return true;
}

/* --- Which attributes --- */

static bool listed(const Str *names, size_t count, Str name) {
  for (size_t i = 0; i < count; i++)
    if (str_eq(names[i], name)) return true;
  return false;
}

/* The files are not asked for what the folders give. */
static void take_from_list(LoadPlan *plan) {
  Str *rest = arena_alloc(&plan->arena, (plan->wanted_count + 1) * sizeof *rest);
  size_t *places = arena_alloc(&plan->arena, (plan->wanted_count + 1) * sizeof *places), count = 0;
  for (size_t i = 0; i < plan->wanted_count; i++) {
    if (listed(plan->hive.names, plan->hive.count, plan->wanted[i])) continue;
    places[count] = i;
    rest[count++] = plan->wanted[i];
  }
  plan->wanted = rest;
  plan->wanted_at = places;
  plan->wanted_count = count;
}

static void put_names(Buf *out, const Folders *folders) {
  for (uint32_t i = 0; i < folders->count; i++) buf_printf(out, "%s%.*s=…", i ? "/" : "", STR_ARG(folders->names[i]));
}

/* Not all files have the same folders. */
static DcCode disagree(Engine *engine, const LoadPlan *plan, const LoadSpec *spec, size_t file, const Folders *first, DcError *err) {
  Buf names = {0};
  put_names(&names, first);
  const char *path = plan->files.files[file].path.data;
  if (plan->file.hive == HIVE_ON) {
    if (!first->count) dc_fail_at(err, DC_FAIL, spec->path_pos, "%s does not lie in a folder called name=value", path);
    else if (first->twice) dc_fail_at(err, DC_FAIL, spec->path_pos, "%s: two folders have one name: %.*s", path, (int)names.len, names.data);
    else dc_fail_at(err, DC_FAIL, spec->path_pos, "%s does not lie in folders %.*s as %s does", path, (int)names.len, names.data, plan->files.files[0].path.data);
    dc_hint(err, "without @hive = TRUE such folders are only names");
  } else if (first->count) {
    engine_warn(engine, spec->path_pos, "%s does not lie in folders %.*s as other files do: they give no attributes; @hive = FALSE says that they need not", path, (int)names.len, names.data);
  }
  buf_free(&names);
  return err->code;
}

static void set_value(Vector *vector, Arena *arena, Str value) {
  *vector = (Vector){.kind = VEC_NULL, .constant = true};
  if (!value.data) return;
  Str *str = arena_alloc(arena, sizeof *str);
  *str = value;
  vector->kind = VEC_STR;
  vector->as.strs = str;
}

/* All files have the names of first; kept[k]: which of them are wanted. */
static void set_columns(LoadPlan *plan, const Folders *first, const uint32_t *kept, uint32_t count) {
  Arena *arena = &plan->arena;
  Str *names = arena_alloc(arena, (count + 1) * sizeof *names);
  Vector *vectors = arena_alloc(arena, (plan->files.count * count + 1) * sizeof *vectors);
  for (uint32_t k = 0; k < count; k++) names[k] = first->names[kept[k]];
  Folders *folders = dc_alloc(sizeof *folders);
  for (size_t f = 0; f < plan->files.count; f++) {
    find_folders(plan->files.files[f].path, arena, folders);
    for (uint32_t k = 0; k < count; k++) set_value(&vectors[f * count + k], arena, folders->values[kept[k]]);
  }
  dc_free(folders);
  plan->hive.count = count;
  plan->hive.names = names;
  plan->hive.vectors = vectors;
  plan->hive.columns = arena_alloc(arena, (count + 1) * sizeof *plan->hive.columns);
}

static DcCode find(Engine *engine, LoadPlan *plan, const LoadSpec *spec, Folders *first, Folders *other, Arena *arena, DcError *err) {
  uint32_t kept[MOST_ATTRIBUTES], count = 0;
  find_folders(plan->files.files[0].path, &plan->arena, first);
  if (!first->count && plan->file.hive == HIVE_AUTO) return DC_OK; /* as with files that lie in no folders */
  if (!first->count || first->twice) return disagree(engine, plan, spec, 0, first, err);
  for (uint32_t i = 0; i < first->count; i++)
    if (!spec->column_count || listed(spec->columns, spec->column_count, first->names[i])) kept[count++] = i;
  if (!count) return DC_OK;
  for (size_t f = 1; f < plan->files.count; f++) {
    find_folders(plan->files.files[f].path, arena, other);
    if (!same_names(first, other)) return disagree(engine, plan, spec, f, first, err);
  }
  set_columns(plan, first, kept, count);
  take_from_list(plan);
  return DC_OK;
}

DcCode hive_find(Engine *engine, LoadPlan *plan, const LoadSpec *spec, DcError *err) {
  if (plan->file.hive == HIVE_OFF || !plan->files.count) return DC_OK;
  Folders *folders = dc_alloc(2 * sizeof *folders);
  Arena arena = {0};
  DcCode code = find(engine, plan, spec, &folders[0], &folders[1], &arena, err);
  arena_free(&arena);
  dc_free(folders);
  return code;
}

/* --- As columns --- */

static const struct ArrowSchema text_type = {.format = "u", .name = "", .flags = ARROW_FLAG_NULLABLE};

/* The schema of the source, or of what lies over it, with the attributes behind the others. first: how many columns the files
   have; those among them that folders hide are texts now. */
static void append_columns(Dataset *node, const LoadPlan *plan, uint32_t first, DatasetType type) {
  uint32_t own = node->schema.count, count = own;
  Str *names = arena_alloc(&node->arena, (own + plan->hive.count + 1) * sizeof *names);
  for (uint32_t i = 0; i < own; i++) names[i] = node->schema.names[i];
  for (uint32_t k = 0; k < plan->hive.count; k++)
    if (plan->hive.columns[k] >= first) names[count++] = plan->hive.names[k];
  const struct ArrowSchema **types = arena_alloc(&node->arena, (count + 1) * sizeof *types);
  for (uint32_t i = 0; i < count; i++) types[i] = i >= own ? &text_type : node->schema.types ? node->schema.types[i] : NULL;
  for (uint32_t k = 0; k < plan->hive.count; k++)
    if (plan->hive.columns[k] < first) types[plan->hive.columns[k]] = &text_type;
  node->schema.type = type;
  node->schema.count = count;
  node->schema.names = names;
  node->schema.types = types;
}

void hive_add_columns(Dataset *source) {
  LoadPlan *plan = source->load;
  DatasetType type = source->schema.type;
  bool lines = type == DS_PLAIN_TEXT && !plan->file.row->format->source->finish;
  if (lines && plan->file.hive == HIVE_AUTO) plan->hive.count = 0; /* lines have no attributes */
  if (!plan->hive.count) return;
  for (uint32_t k = 0; k < plan->hive.count; k++) {
    int own = type == DS_COLUMNAR ? schema_column(&source->schema, plan->hive.names[k]) : -1;
    plan->hive.columns[k] = own >= 0 ? (uint32_t)own : source->schema.count + plan->constant_count++;
  }
  plan->hive.objects = type == DS_STRUCTURED;
  append_columns(source, plan, source->schema.count, lines || type == DS_STRUCTURED ? DS_COLUMNAR : type);
}

/* What lies over the source hands the last columns on. False: it cannot. */
static bool carry(Dataset *source, Dataset *top) {
  const LoadPlan *plan = source->load;
  for (const Dataset *node = top; node != source; node = node->input)
    if (!node || node->kind != NODE_NARROW || !node->op.reshape) return false;
  for (Dataset *node = top; node != source; node = node->input) {
    node->op.carried = plan->constant_count;
    append_columns(node, plan, load_own_columns(source), node->schema.type);
  }
  return true;
}

/* Objects get the attributes as members. */
static Dataset *wrap(Dataset *source, Dataset *top) {
  HiveColumns *hive = &source->load->hive;
  const Schema *schema = &top->schema;
  size_t count = 0;
  Str *members = arena_alloc(&top->arena, (hive->count + 2) * sizeof *members);
  Str *attributes = arena_alloc(&top->arena, (schema->attribute_count + hive->count + 1) * sizeof *attributes);
  for (uint32_t i = 0; i < schema->attribute_count; i++)
    if (!listed(hive->names, hive->count, schema->attributes[i])) attributes[count++] = schema->attributes[i];
  for (uint32_t k = 0; k < hive->count; k++) members[k + 1] = attributes[count++] = hive->names[k];
  top->schema.type = DS_COLUMNAR;
  Dataset *node = structured_wrap(top, members, hive->count + 1, attributes, count);
  hive->wrap = node->op.reshape;
  return node;
}

/* The last column of that name. */
static int last_column(const Schema *schema, Str name) {
  for (uint32_t i = schema->count; i-- > 0;)
    if (str_eq(schema->names[i], name)) return (int)i;
  return -1;
}

/* The columns in the order of the list, or, without one, each name once. */
static Dataset *arrange(Dataset *top, const LoadSpec *spec) {
  const Schema *schema = &top->schema;
  const Str *list = spec->column_count ? spec->columns : schema->names;
  size_t count = spec->column_count ? spec->column_count : schema->count, n = 0;
  bool same = true;
  Dataset *node = node_new(top->engine, NODE_NARROW, top);
  Str *names = arena_alloc(&node->arena, (count + 1) * sizeof *names);
  ProjectItem *items = arena_alloc(&node->arena, (count + 1) * sizeof *items);
  for (size_t i = 0; i < count; i++) {
    int column = str_is(list[i], "_") ? -1 : last_column(schema, list[i]);
    if (column < 0 || (!spec->column_count && column != (int)i)) continue;
    same = same && column == (int)n;
    names[n] = list[i];
    items[n++].column = column;
  }
  if (same && n == schema->count) {
    dataset_ref(top);
    dataset_unref(node);
    return top;
  }
  node_schema(node, DS_COLUMNAR, names, n);
  node->op.program = program_new(top->engine);
  node->op.items = items;
  node->op.item_count = n;
  node->op.project = true;
  node_item_types(node);
  return node;
}

DcCode hive_finish(Dataset *source, Dataset *top, const LoadSpec *spec, Dataset **out, DcError *err) {
  const LoadPlan *plan = source->load;
  *out = top;
  if (!plan->hive.count) return DC_OK;
  bool objects = top != source ? top->schema.type == DS_STRUCTURED : plan->hive.objects;
  if (!carry(source, top)) {
    dc_fail_at(err, DC_FAIL, spec->adapter_pos, "\"%.*s\" cannot read attributes from folders such as %.*s=…", STR_ARG(spec->adapter), STR_ARG(plan->hive.names[0]));
    dc_hint(err, "@hive = FALSE leaves them out");
    dataset_unref(top);
    return err->code;
  }
  bool only = spec->column_count && !plan->wanted_count && !plan->hive.objects; /* of the VALUE list, folders give all */
  *out = objects && !only ? wrap(source, top) : arrange(top, spec);
  return DC_OK;
}
