/* split.c - SPLIT: a shuffle whose partitions are found on the way, one for each combination of values. */
#include <stdlib.h>
#include <xxhash.h>

#include "engine/copy.h"
#include "engine/hive.h"
#include "engine/keymap.h"

struct Family {
  Engine *engine;
  Dataset *input;
  Dataset *shown; /* its operator gives what is kept of the rows; NULL: all */
  Program *program;
  const Expr **by;
  Str *names; /* of values that are written as name=value, as Hive does; data NULL: the value alone */
  size_t by_count;
  Str prefix;
  uint32_t partitions;
  bool keyless; /* nobody asks for the rows' keys */
  Position pos;
};

static Family *family_new(Dataset *in, size_t by_count, Str prefix, uint32_t partitions) {
  Family *family = dc_alloc(sizeof *family);
  family->engine = in->engine;
  family->input = dataset_ref(in);
  family->program = program_new(in->engine);
  Arena *arena = &family->program->arena;
  family->by = arena_alloc(arena, (by_count + 1) * sizeof *family->by);
  family->names = arena_alloc(arena, (by_count + 1) * sizeof *family->names);
  family->by_count = by_count;
  family->prefix = arena_str(arena, prefix);
  family->partitions = partitions ? partitions : 1;
  family->pos = in->engine->statement_pos;
  return family;
}

static const Schema *family_schema(const Family *family) { return family->shown ? &family->shown->schema : &family->input->schema; }

static DcCode bind_item(Family *family, EvalContext *cx, const SelectItem *item, size_t number, DcError *err) {
  Arena *arena = &family->program->arena;
  DC_TRY(program_bind(family->program, family->engine, &family->input->schema, cx, item->expr, &family->by[number], err));
  if (!family->engine->options.split_folders) return DC_OK;
  Str name = program_column_name(item->expr);
  if (item->alias.text.data || item->alias.parts) DC_TRY(eval_name(cx, &item->alias, &name, err));
  family->names[number] = arena_str(arena, name);
  return DC_OK;
}

DcCode dataset_split(Engine *engine, Dataset *in, EvalContext *cx, const SelectItem *by, size_t by_count, Str prefix, uint32_t partitions, Family **out, DcError *err) {
  Family *family = family_new(in, by_count, prefix, partitions);
  (void)engine;
  for (size_t i = 0; i < by_count; i++) {
    if (bind_item(family, cx, &by[i], i, err) == DC_OK) continue;
    family_free(family);
    return err->code;
  }
  *out = family;
  return DC_OK;
}

void family_free(Family *family) {
  if (!family) return;
  dataset_unref(family->input);
  dataset_unref(family->shown);
  program_unref(family->program);
  dc_free(family);
}

/* --- Names --- */

/* A value as one component of a name: "/" is %2F, "%" is %25, NUL is %00, a leading "." is %2E, empty is %, NULL is
   %NULL. No two values give the same. */
static void put_safe(Buf *out, const char *data, size_t len, bool null) {
  if (null) buf_text(out, "%NULL");
  else if (!len) buf_char(out, '%');
  for (size_t i = 0; !null && i < len; i++) {
    char c = data[i];
    if (c == '/' || c == '%' || c == 0 || (c == '.' && i == 0)) buf_printf(out, "%%%02X", (unsigned char)c);
    else buf_char(out, c);
  }
}

/* A combination is known by its values' texts: for each a 32-bit length (UINT32_MAX: NULL) and the bytes. */
static void put_name(Buf *out, const Family *family, Str key) {
  buf_str(out, family->prefix);
  size_t number = 0;
  for (size_t at = 0; at < key.len; number++) {
    uint32_t len;
    memcpy(&len, key.data + at, sizeof len);
    at += sizeof len;
    if (number) buf_char(out, '/');
    bool null = len == UINT32_MAX;
    Str value = str_make(key.data + at, null ? 0 : len), name = family->names[number];
    if (name.data) hive_put_folder(out, name, value, null);
    else put_safe(out, value.data, value.len, null);
    at += value.len;
  }
}

/* --- Placing rows --- */

enum { CACHE = 8192 };

/* The combinations that a worker met last: most rows find theirs here, without a lock. */
typedef struct CacheEntry {
  uint64_t hash;
  uint32_t id, len;
  char *key;
} CacheEntry;

typedef struct Splitter {
  Shuffler shuffler;
  Family *family;
  KeyMap *map;
  CacheEntry **caches; /* of each worker */
  Arena *arenas;
  pthread_mutex_t lock;
  uint64_t *first; /* of each partition: seq << 32 | row where it was first met */
  uint32_t first_cap;
  Copy *copy; /* straight: where to */
  Targets targets;
  uint32_t declared;
} Splitter;

static uint32_t look_up(Splitter *splitter, int worker, Str key) {
  uint64_t hash = keymap_hash(key);
  CacheEntry *entry = &splitter->caches[worker][hash & (CACHE - 1)];
  if (entry->key && entry->hash == hash && str_eq(str_make(entry->key, entry->len), key)) return entry->id;
  uint32_t id = (uint32_t)keymap_put(splitter->map, key, hash, KEYMAP_NUMBER, 0);
  if (!entry->key || entry->len < key.len) entry->key = arena_raw(&splitter->arenas[worker], key.len + 16);
  memcpy(entry->key, key.data, key.len);
  entry->hash = hash;
  entry->id = id;
  entry->len = (uint32_t)key.len;
  return id;
}

/* hive: NULL and empty are one. */
static void put_part(Worker *worker, Buf *key, const Vector *vector, uint32_t i, bool hive) {
  uint32_t len = UINT32_MAX;
  Str text = {0};
  if (!vector_is_null(vector, i)) {
    text = vector->kind == VEC_STR ? vector->as.strs[vector->constant ? 0 : i] : value_to_str(&worker->scratch, vector_value(vector, i));
    len = hive && !text.len ? UINT32_MAX : (uint32_t)text.len;
  }
  buf_put(key, &len, sizeof len);
  buf_str(key, text);
}

static DcCode place(Shuffler *self, Worker *worker, View *view, uint32_t *parts) {
  Splitter *splitter = (Splitter *)self;
  Family *family = splitter->family;
  Vector *vectors = arena_alloc(&worker->scratch, (family->by_count + 1) * sizeof *vectors);
  view_fetch_for(worker, view, family->by, family->by_count);
  for (size_t k = 0; k < family->by_count; k++) DC_TRY(vector_eval(worker, family->program, family->by[k], view, &vectors[k]));
  Buf key = {0};
  for (uint32_t i = 0; i < view->n; i++) {
    key.len = 0;
    for (size_t k = 0; k < family->by_count; k++) put_part(worker, &key, &vectors[k], i, family->names[k].data != NULL);
    parts[i] = look_up(splitter, worker->number, str_make(key.data, key.len));
  }
  buf_free(&key);
  return DC_OK;
}

/* Where each combination stands first, so that the datasets' order does not depend on the workers. */
static void seen(Shuffler *self, uint64_t seq, const uint32_t *order, const uint32_t *starts, uint32_t partitions) {
  Splitter *splitter = (Splitter *)self;
  pthread_mutex_lock(&splitter->lock);
  if (partitions > splitter->first_cap) {
    uint32_t cap = partitions * 2;
    splitter->first = dc_realloc(splitter->first, cap * sizeof *splitter->first);
    for (uint32_t p = splitter->first_cap; p < cap; p++) splitter->first[p] = UINT64_MAX;
    splitter->first_cap = cap;
  }
  for (uint32_t p = 0; p < partitions; p++) {
    if (starts[p] == starts[p + 1]) continue;
    uint64_t at = seq << 32 | order[starts[p]];
    if (at < splitter->first[p]) splitter->first[p] = at;
  }
  pthread_mutex_unlock(&splitter->lock);
}

static void splitter_init(Splitter *splitter, Family *family, Store *store, int what, size_t room) {
  Engine *engine = family->engine;
  size_t threads = (size_t)pool_threads(engine->pool);
  memset(splitter, 0, sizeof *splitter);
  shuffler_init(&splitter->shuffler, engine, store, what, room);
  splitter->shuffler.partitions = 0;
  splitter->shuffler.place = place;
  splitter->shuffler.seen = seen;
  if (family->shown) splitter->shuffler.shown = &family->shown->op;
  splitter->family = family;
  splitter->map = keymap_new(engine->budget);
  splitter->caches = dc_alloc(threads * sizeof *splitter->caches);
  splitter->arenas = dc_alloc(threads * sizeof *splitter->arenas);
  for (size_t i = 0; i < threads; i++) splitter->caches[i] = dc_alloc(CACHE * sizeof **splitter->caches);
  pthread_mutex_init(&splitter->lock, NULL);
}

static void splitter_free(Splitter *splitter) {
  for (int i = 0; i < pool_threads(splitter->family->engine->pool); i++) {
    dc_free(splitter->caches[i]);
    arena_free(&splitter->arenas[i]);
  }
  dc_free(splitter->caches);
  dc_free(splitter->arenas);
  dc_free(splitter->first);
  dc_free(splitter->targets.first);
  dc_free(splitter->targets.output);
  keymap_free(splitter->map);
  shuffler_free(&splitter->shuffler);
  pthread_mutex_destroy(&splitter->lock);
}

typedef struct Names {
  Str *names; /* of each partition */
  Arena *arena;
  const Family *family;
} Names;

static void take_name(void *self, Str key, uint64_t id) {
  Names *names = self;
  Buf text = {0};
  put_name(&text, names->family, key);
  names->names[id] = arena_str(names->arena, str_make(text.data, text.len));
  buf_free(&text);
}

static Str *all_names(Splitter *splitter, Arena *arena, size_t *count) {
  *count = keymap_count(splitter->map);
  Names names = {arena_alloc(arena, (*count + 1) * sizeof(Str)), arena, splitter->family};
  keymap_visit(splitter->map, take_name, &names);
  return names.names;
}

/* --- Straight into files --- */

static DcCode declare_new(void *self, Targets *out, DcError *err) {
  Splitter *splitter = self;
  Copy *copy = splitter->copy;
  Arena arena = {0};
  size_t count;
  Str *names = all_names(splitter, &arena, &count);
  splitter->targets.first = dc_realloc(splitter->targets.first, (count + 2) * sizeof *splitter->targets.first);
  splitter->targets.output = dc_realloc(splitter->targets.output, (count + 1) * sizeof *splitter->targets.output);
  store_extend(splitter->shuffler.store, (uint32_t)count);
  DcCode code = DC_OK;
  for (; splitter->declared < count && code == DC_OK; splitter->declared++) {
    uint32_t p = splitter->declared, output = 0;
    bool skip;
    splitter->targets.first[0] = 0;
    code = copy_dataset(copy, names[p], family_schema(splitter->family), 1, &output, &skip, err);
    splitter->targets.first[p + 1] = splitter->targets.first[p] + (code == DC_OK && !skip);
    if (code == DC_OK && !skip) splitter->targets.output[splitter->targets.first[p]] = output;
  }
  arena_free(&arena);
  *out = splitter->targets;
  return code;
}

static DcCode copy_straight(Family *family, Copy *copy, DcError *err) {
  Pass *pass;
  DC_TRY(pass_open(family->input, NULL, 0, &pass, err));
  Store *store = store_new(family->engine, 0);
  Splitter splitter;
  splitter_init(&splitter, family, store, 0, copy_room(family->engine));
  splitter.copy = copy;
  DcCode code = copy_shuffled(copy, pass, &splitter.shuffler, declare_new, &splitter, err);
  splitter_free(&splitter);
  store_free(store);
  pass_close(pass);
  return code;
}

/* By way of datasets: several parts each, chosen columns, standard output, or stored rows that are to be compressed. */
static DcCode copy_datasets(Engine *engine, Family *family, const CopySpec *spec, DcError *err) {
  Arena arena = {0};
  Str *names;
  Dataset **datasets;
  size_t count;
  family->keyless = true;
  DcCode code = family_datasets(engine, family, &arena, &names, &datasets, &count, err);
  if (code == DC_OK) {
    CopyItem *items = dc_alloc((count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++) items[i] = (CopyItem){names[i], datasets[i]};
    code = dataset_copy(engine, items, count, spec, err);
    dc_free(items);
  }
  arena_free(&arena);
  return code;
}

DcCode family_copy(Engine *engine, Family *family, const CopySpec *spec, DcError *err) {
  bool standard = spec->path.type == TYPE_STRING && str_is(value_get_str(spec->path), "-");
  if (family->partitions > 1 || spec->columns || standard) return copy_datasets(engine, family, spec, err);
  Copy copy;
  DcCode code = copy_open(&copy, engine, spec, err);
  bool straight = code != DC_OK || (!copy.typed && !copy.file.folder_count && copy_follows_blocks(&copy, family->input));
  if (code == DC_OK && straight) code = copy_straight(family, &copy, err);
  code = copy_close(&copy, code, err);
  if (!straight && code == DC_OK) return copy_datasets(engine, family, spec, err);
  family_free(family);
  return code;
}

/* --- As datasets --- */

typedef struct Ranked {
  uint64_t first;
  uint32_t id;
} Ranked;

static int by_first(const void *a, const void *b) {
  uint64_t x = ((const Ranked *)a)->first, y = ((const Ranked *)b)->first;
  return (x > y) - (x < y);
}

static DcCode fill_store(Splitter *splitter, Family *family, DcError *err) {
  Pass *pass;
  Store *store = splitter->shuffler.store;
  DC_TRY(pass_open(family->input, NULL, 0, &pass, err));
  DcCode code = DC_OK;
  for (bool more = true; more && code == DC_OK;) {
    code = pass_run(pass, &splitter->shuffler.consumer, &more, err);
    store_extend(store, (uint32_t)keymap_count(splitter->map));
    if (more && code == DC_OK) code = store_spill_some(store, err);
  }
  store_sort(store);
  pass_close(pass);
  return code;
}

static Dataset *piece_of(Family *family, Dataset *base, uint32_t id) {
  Dataset *node = node_new(family->engine, NODE_CHOOSE, dataset_ref(base));
  node->partitions = 1;
  node->parts = arena_alloc(&node->arena, sizeof *node->parts);
  node->parts[0] = id;
  if (family->partitions == 1) return node;
  Dataset *recut = node_new(family->engine, NODE_RECUT, node);
  recut->partitions = family->partitions;
  return recut;
}

DcCode family_datasets(Engine *engine, Family *family, Arena *arena, Str **names, Dataset ***datasets, size_t *count, DcError *err) {
  Dataset *base = node_new(engine, NODE_STORED, NULL);
  node_schema_like(base, family_schema(family));
  base->keyed = family->input->keyed;
  base->store = store_new(engine, 0);
  Splitter splitter;
  splitter_init(&splitter, family, base->store, GATHER_ORIGINS | (family->keyless ? 0 : GATHER_KEY), store_room(engine));
  DcCode code = fill_store(&splitter, family, err);
  if (code == DC_OK) {
    Str *found = all_names(&splitter, arena, count);
    base->partitions = (uint32_t)*count;
    base->done = dc_alloc(*count + 1);
    memset(base->done, 1, *count);
    Ranked *ranked = dc_alloc((*count + 1) * sizeof *ranked);
    for (uint32_t i = 0; i < *count; i++) ranked[i] = (Ranked){splitter.first[i], i};
    if (*count) qsort(ranked, *count, sizeof *ranked, by_first);
    *names = arena_alloc(arena, (*count + 1) * sizeof **names);
    *datasets = arena_alloc(arena, (*count + 1) * sizeof **datasets);
    for (size_t i = 0; i < *count; i++) {
      (*names)[i] = found[ranked[i].id];
      (*datasets)[i] = piece_of(family, base, ranked[i].id);
    }
    dc_free(ranked);
  }
  splitter_free(&splitter);
  dataset_unref(base);
  family_free(family);
  return code;
}

/* --- COPY into folders: @partition_by --- */

static bool is_folder(const FileOptions *file, Str name) {
  for (size_t i = 0; i < file->folder_count; i++)
    if (str_eq(file->folders[i], name)) return true;
  return false;
}

static DcCode check_folders(const Copy *copy, const Dataset *dataset, const CopySpec *spec, DcError *err) {
  const FileOptions *file = &copy->file;
  if (!copy->stage) {
    dc_fail_at(err, DC_FAIL, spec->path_pos, "@partition_by makes folders; standard output has none");
    dc_hint(err, "write INTO a folder, or all in one without @partition_by");
    return err->code;
  }
  if (dataset->schema.type == DS_PLAIN_TEXT) {
    dc_fail_at(err, DC_FAIL, file->folders_pos, "lines have no attributes to make folders of");
    dc_hint(err, "ALTER … textToColumnar or SELECT … AS gives them names");
    return err->code;
  }
  for (size_t i = 0; i < file->folder_count; i++) {
    if (schema_column(&dataset->schema, file->folders[i]) >= 0) continue;
    Speller speller = speller_start(file->folders[i]);
    for (uint32_t c = 0; c < dataset->schema.count; c++) speller_try(&speller, dataset->schema.names[c]);
    dc_fail_at(err, DC_FAIL, file->folders_pos, "@partition_by: unknown attribute \"%.*s\"", STR_ARG(file->folders[i]));
    Str near = speller_best(&speller);
    if (near.len) dc_hint(err, "did you mean \"%.*s\"?", STR_ARG(near));
    else dc_hint(err, "DESCRIBE lists the attributes of a dataset");
    return err->code;
  }
  return DC_OK;
}

/* What goes into the files: the columns that COPY lists, or all, without those that become folders. Objects stay as they are. */
static DcCode show_rest(Family *family, const Copy *copy, const CopySpec *spec, DcError *err) {
  const Schema *schema = &family->input->schema;
  bool objects = schema->type == DS_STRUCTURED;
  if ((objects || copy->file.keeps_folders) && !spec->columns) return DC_OK;
  size_t count = spec->columns ? spec->column_count : schema->count, n = 0;
  const Str *list = spec->columns ? spec->columns : schema->names;
  Str *names = dc_alloc((count + 1) * sizeof *names);
  for (size_t i = 0; i < count; i++)
    if (objects || copy->file.keeps_folders || !is_folder(&copy->file, list[i])) names[n++] = list[i];
  Dataset *like = node_new(family->engine, NODE_STORED, NULL); /* has the columns; the input is not to look shared */
  node_schema_like(like, schema);
  DcCode code = DC_OK;
  if (n) code = dataset_alter_columns(family->engine, like, names, n, &family->shown, err);
  else {
    code = dc_fail_at(err, DC_FAIL, copy->file.folders_pos, "@partition_by takes all attributes: none is left for the files");
    dc_hint(err, "@write_partition_columns = TRUE keeps them in the files as well");
  }
  dataset_unref(like);
  dc_free(names);
  return code;
}

static DcCode folders_family(const Copy *copy, const CopyItem *item, const CopySpec *spec, Family **out, DcError *err) {
  const FileOptions *file = &copy->file;
  DC_TRY(check_folders(copy, item->dataset, spec, err));
  Buf prefix = {0};
  buf_printf(&prefix, "%.*s/", STR_ARG(item->name));
  Family *family = family_new(item->dataset, file->folder_count, str_make(prefix.data, prefix.len), 1);
  buf_free(&prefix);
  Arena *arena = &family->program->arena;
  for (size_t i = 0; i < file->folder_count; i++) {
    Expr *expr = arena_alloc(arena, sizeof *expr);
    *expr = (Expr){.kind = EXPR_ATTR, .pos = file->folders_pos, .depth = 1};
    expr->name.text = family->names[i] = arena_str(arena, file->folders[i]);
    expr->column = schema_column(&item->dataset->schema, expr->name.text);
    if (item->dataset->schema.type == DS_STRUCTURED) expr->steps = path_compile(arena, expr->name.text);
    family->by[i] = expr;
  }
  family->keyless = true;
  *out = family;
  return show_rest(family, copy, spec, err);
}

/* Takes the item's reference over. */
static DcCode split_item(Copy *copy, CopyItem *item, const CopySpec *spec, CopyItem **pieces, size_t *count, size_t *cap, DcError *err) {
  Family *family = NULL;
  DcCode code = folders_family(copy, item, spec, &family, err);
  dataset_unref(item->dataset);
  item->dataset = NULL;
  if (code != DC_OK) {
    family_free(family);
    return code;
  }
  if (!copy->typed && copy_follows_blocks(copy, family->input)) {
    code = copy_straight(family, copy, err);
    family_free(family);
    return code == DC_OK ? DC_OK : dc_position(err, spec->path_pos);
  }
  Str *names;
  Dataset **datasets;
  size_t found = 0;
  DC_TRY(family_datasets(copy->engine, family, &copy->arena, &names, &datasets, &found, err));
  for (size_t i = 0; i < found; i++) {
    VEC_GROW(*pieces, *count, *cap);
    (*pieces)[(*count)++] = (CopyItem){names[i], datasets[i]};
  }
  return DC_OK;
}

DcCode copy_split(Copy *copy, CopyItem *items, size_t count, const CopySpec *spec, CopyItem **pieces, size_t *piece_count, DcError *err) {
  size_t cap = 0;
  DcCode code = DC_OK;
  *pieces = NULL;
  *piece_count = 0;
  copy->file.single = false; /* each folder gets one file as it is */
  for (size_t i = 0; i < count && copy->stage && code == DC_OK; i++) {
    code = stage_group(copy->stage, items[i].name, err);
    if (code != DC_OK) code = dc_position(err, spec->path_pos);
  }
  for (size_t i = 0; i < count; i++) {
    if (code == DC_OK) code = split_item(copy, &items[i], spec, pieces, piece_count, &cap, err);
    else dataset_unref(items[i].dataset);
  }
  return code;
}
