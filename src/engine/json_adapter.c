/* json_adapter.c - JSON in files: parameters, what a file looks like, reading. Lines are read as lines of text are; arrays and
 * documents are cut into records first (io/json_scan.h). Workers parse. */
#include "engine/json_adapter.h"

#include <errno.h>
#include <iconv.h>
#include <pthread.h>

#include "engine/adapter_params.h"
#include "engine/load.h"

/* --- Parameters --- */

static void defaults(const AdapterRow *row, bool writing, void *own) {
  JsonOptions *out = own;
  (void)row;
  out->text = (TextOptions){.plain = true, .dialect = {.plain = true}};
  out->layout = writing ? JSON_LINES : JSON_AUTO;
  out->twice = JSON_TWICE_LAST;
}

/* Parts of a text between dots. */
static const Str *split_names(Arena *arena, Str text, size_t *count) {
  size_t most = 1, n = 0;
  for (size_t i = 0; i < text.len; i++) most += text.data[i] == '.';
  Str *names = arena_alloc(arena, most * sizeof *names);
  for (size_t start = 0, i = 0; text.len && i <= text.len; i++) {
    if (i < text.len && text.data[i] != '.') continue;
    names[n++] = str_make(text.data + start, i - start);
    start = i + 1;
  }
  *count = n;
  return names;
}

static DcCode apply_paths(const ParamValue *param, Arena *arena, JsonOptions *out, DcError *err) {
  if (param->value.type != TYPE_ARRAY) return param_wrong(param, "an array of texts, a path for each column", err);
  const Array *array = param->value.as.array;
  Str *paths = arena_alloc(arena, (array->count + 1) * sizeof *paths);
  for (size_t i = 0; i < array->count; i++) {
    if (array->items[i].type != TYPE_STRING) return param_wrong(param, "an array of texts, a path for each column", err);
    paths[i] = arena_str(arena, value_get_str(array->items[i]));
  }
  out->paths = paths;
  out->path_count = array->count;
  return DC_OK;
}

static DcCode apply(const ParamValue *param, Arena *arena, void *own, DcError *err) {
  static const ParamChoice layouts[] = {{"auto", JSON_AUTO}, {"lines", JSON_LINES}, {"array", JSON_ARRAY}, {"documents", JSON_DOCUMENTS}, {NULL, 0}};
  static const ParamChoice twice[] = {{"last", JSON_TWICE_LAST}, {"error", JSON_TWICE_ERROR}, {NULL, 0}};
  static const ParamChoice nulls[] = {{"null", 0}, {"omit", 1}, {NULL, 0}};
  JsonOptions *out = own;
  Str name = param->name, text;
  int choice = 0;
  if (str_is(name, "layout")) {
    DC_TRY(param_choose(param, layouts, "'auto', 'lines', 'array' or 'documents'", &choice, err));
    out->layout = (JsonLayout)choice;
  } else if (str_is(name, "duplicates")) {
    DC_TRY(param_choose(param, twice, "'last' or 'error'", &choice, err));
    out->twice = (JsonTwice)choice;
  } else if (str_is(name, "null")) {
    DC_TRY(param_choose(param, nulls, "'null' or 'omit'", &choice, err));
    out->omit_null = choice;
  } else if (str_is(name, "array")) {
    DC_TRY(param_text(param, arena, &text, err));
    out->array = split_names(arena, text, &out->array_count);
  } else if (str_is(name, "paths")) {
    return apply_paths(param, arena, out, err);
  } else if (str_is(name, "numbers")) {
    return param_truth(param, &out->numbers, err);
  } else {
    return param_text(param, arena, &out->text.encoding, err);
  }
  return DC_OK;
}

static DcCode check_options(void *own, Position pos, bool writing, DcError *err) {
  JsonOptions *options = own;
  if (writing) {
    if (options->layout == JSON_AUTO) options->layout = JSON_LINES;
    if (options->layout == JSON_DOCUMENTS) {
      dc_fail_at(err, DC_FAIL, pos, "@layout = 'documents' is for reading");
      dc_hint(err, "'lines' writes a document a line, 'array' one array");
    }
    return err->code;
  }
  if (options->array_count && options->layout == JSON_AUTO) options->layout = JSON_ARRAY;
  if (options->array_count && options->layout != JSON_ARRAY) return dc_fail_at(err, DC_FAIL, pos, "@array goes with @layout = 'array'");
  return DC_OK;
}

static DcCode check_columns(const LoadPlan *plan, const LoadSpec *spec, DcError *err) {
  const JsonOptions *options = plan->file.own;
  if (options->path_count && options->path_count != spec->column_count) {
    dc_fail_at(err, DC_FAIL, spec->adapter_pos, "@paths has %zu path%s for %zu column%s", options->path_count, options->path_count == 1 ? "" : "s",
               spec->column_count, spec->column_count == 1 ? "" : "s");
    dc_hint(err, "VALUE (a, b) names as many columns as there are paths");
    return err->code;
  }
  return load_check_twice(spec, err);
}

/* --- What a file looks like --- */

/* Text of another encoding as UTF-8, as far as it is complete. */
static void convert(Str encoding, Buf *head) {
  iconv_t converter = iconv_open("UTF-8", encoding.data);
  if (converter == (iconv_t)-1) return; /* the reader says so */
  Buf out = {0};
  buf_reserve(&out, head->len * 4 + 16);
  char *from = head->data, *to = out.data;
  size_t rest = head->len, room = out.cap;
  (void)!iconv(converter, &from, &rest, &to, &room);
  out.len = (size_t)(to - out.data);
  iconv_close(converter);
  buf_free(head);
  *head = out;
}

/* RFC 8259 wants UTF-8. Others tell by their mark, or by a zero byte: the first two characters are ASCII. */
static bool is_utf16(const Buf *head) {
  if (head->len < 2) return false;
  bool mark = memcmp(head->data, "\xFF\xFE", 2) == 0 || memcmp(head->data, "\xFE\xFF", 2) == 0;
  return mark || !head->data[0] || !head->data[1];
}

static DcCode find_layout(LoadPlan *plan, uint32_t file, uint8_t *out, DcError *err) {
  enum { HEAD = 64 << 10 };
  const JsonOptions *options = plan->file.own;
  Buf head = {0};
  bool ended;
  DcCode code = load_head(plan, file, HEAD, &head, &ended, err);
  bool other = options->text.encoding.data != NULL;
  if (code == DC_OK && !other && is_utf16(&head)) {
    code = dc_fail(err, "%s: the text is no UTF-8 but UTF-16 or UTF-32", plan->files.files[file].path.data);
    dc_hint(err, "@encoding = 'UTF-16' reads it (UTF-16LE, UTF-16BE where there is no byte order mark)");
  }
  if (code == DC_OK && other) convert(options->text.encoding, &head);
  if (code == DC_OK) *out = (uint8_t)json_layout(head.data, head.len, ended && !other);
  buf_free(&head);
  return code;
}

static Cutter *new_cutter(const LoadPlan *plan, uint32_t file) {
  const JsonOptions *options = plan->file.own;
  const uint8_t *layouts = plan->own;
  return layouts[file] == JSON_LINES ? NULL : json_cutter((JsonLayout)layouts[file], options->array, options->array_count);
}

/* Layouts of files elsewhere, found many at once: each costs the wait for an answer. */
typedef struct Layouts {
  LoadPlan *plan;
  uint8_t *out;
  pthread_mutex_t lock;
  pthread_cond_t done;
  uint32_t next, running, failed; /* failed: the first file that did; UINT32_MAX: none */
  DcError err;
} Layouts;

static void find_some(void *self) {
  Layouts *all = self;
  pthread_mutex_lock(&all->lock);
  while (all->next < all->plan->files.count && all->failed == UINT32_MAX) {
    uint32_t file = all->next++;
    DcError err = {0};
    pthread_mutex_unlock(&all->lock);
    DcCode code = find_layout(all->plan, file, &all->out[file], &err);
    pthread_mutex_lock(&all->lock);
    if (code == DC_OK || all->plan->hive.count || file > all->failed) continue; /* WHERE may leave the file out; else reading it fails in the same way */
    all->failed = file;
    all->err = err;
  }
  all->running--;
  pthread_cond_signal(&all->done);
  pthread_mutex_unlock(&all->lock);
}

static DcCode find_elsewhere(LoadPlan *plan, uint8_t *out, DcError *err) {
  enum { AT_ONCE = 16 };
  Layouts all = {.plan = plan, .out = out, .lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER, .running = AT_ONCE, .failed = UINT32_MAX};
  plan->heads_only = true;
  for (uint32_t i = 0; i < AT_ONCE; i++) remote_background(find_some, &all);
  pthread_mutex_lock(&all.lock);
  while (all.running) pthread_cond_wait(&all.done, &all.lock);
  pthread_mutex_unlock(&all.lock);
  plan->heads_only = false;
  pthread_mutex_destroy(&all.lock);
  pthread_cond_destroy(&all.done);
  if (all.failed != UINT32_MAX) *err = all.err;
  return err->code;
}

static bool are_elsewhere(const LoadPlan *plan) {
  enum { FEW = 4 };
  for (size_t i = 0; i < plan->files.count; i++)
    if (!plan->files.files[i].remote || !plan->files.files[i].regular) return false;
  return plan->files.count > FEW;
}

static DcCode schema(Dataset *node, DcError *err) {
  LoadPlan *plan = node->load;
  const JsonOptions *options = plan->file.own;
  DC_TRY(text_source.schema(node, err));
  uint8_t *layouts = arena_alloc(&plan->arena, plan->files.count + 1);
  plan->own = layouts;
  plan->cutter = new_cutter;
  for (uint32_t i = 0; i < plan->files.count; i++) layouts[i] = (uint8_t)options->layout;
  if (options->layout != JSON_AUTO) return DC_OK;
  if (are_elsewhere(plan)) return find_elsewhere(plan, layouts, err);
  for (uint32_t i = 0; i < plan->files.count; i++) {
    DcCode code = find_layout(plan, i, &layouts[i], err);
    if (code != DC_OK && !plan->hive.count) return code;
    if (code != DC_OK) dc_error_clear(err); /* WHERE may leave the file out; else reading it fails in the same way */
  }
  return DC_OK;
}

static bool cuttable(const LoadPlan *plan) {
  const uint8_t *layouts = plan->own;
  for (size_t i = 0; i < plan->files.count; i++)
    if (layouts[i] != JSON_LINES) return false;
  return text_source.cuttable(plan);
}

static DcCode finish(Dataset *node, const LoadSpec *spec, Dataset **out, DcError *err) {
  const LoadPlan *plan = node->load;
  const JsonOptions *options = plan->file.own;
  Str *names = dc_alloc((plan->wanted_count + 1) * sizeof *names), *paths = dc_alloc((plan->wanted_count + 1) * sizeof *paths);
  size_t count = 0;
  for (size_t i = 0; i < plan->wanted_count; i++) {
    if (str_is(plan->wanted[i], "_")) continue;
    names[count] = plan->wanted[i];
    size_t place = plan->wanted_at ? plan->wanted_at[i] : i;
    paths[count++] = options->path_count && options->paths[place].len ? options->paths[place] : plan->wanted[i];
  }
  *out = json_rows(node, spec->adapter_pos, names, paths, count, options->twice);
  dc_free(names);
  dc_free(paths);
  (void)err;
  return DC_OK;
}

static const SourceOps json_source = {.check = check_columns, .schema = schema, .cuttable = cuttable, .finish = finish, .free = text_load_free, .open = text_reader_open};

const Format json_format = {.options_size = sizeof(JsonOptions), .defaults = defaults, .apply = apply, .check = check_options,
                            .source = &json_source, .writer = &json_writer};
