/* typed_guard.c - the program's side of reading by helpers.
 *
 * An open file has the helpers that have it open, too; more are started or taken from the spare ones when several threads
 * read it at once. A helper that failed in any way is not used again: what it read may have damaged its memory.
 */
#include "engine/typed_guard.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "base/interrupt.h"
#include "value/arrow_wire.h"

#define WORK "orc"

typedef struct HelperList {
  Helper **list;
  size_t count, cap;
} HelperList;

struct TableFile {
  TableSource source;
  Arena arena;
  const char *options; /* names and values, each with its NUL */
  size_t options_size;
  uint32_t option_count, count;
  TableUnit *units;
  int64_t columns;
  pthread_mutex_t lock;
  HelperList idle; /* those that have the file open */
};

/* The rows of a unit. */
typedef struct GuardedRows {
  TableFile *file;
  Helper *helper; /* NULL: it failed */
  struct ArrowSchema type;
  Arena arena; /* parts of the array that was given last */
  char error[sizeof(TableError)];
} GuardedRows;

static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;
static HelperList spare;   /* no file is open in them */
static bool helpers_work;  /* there has been one already */

/* --- Lists of helpers --- */

static void push(pthread_mutex_t *lock, HelperList *to, Helper *helper) {
  pthread_mutex_lock(lock);
  VEC_GROW(to->list, to->count, to->cap);
  to->list[to->count++] = helper;
  pthread_mutex_unlock(lock);
}

static Helper *pop(pthread_mutex_t *lock, HelperList *from) {
  pthread_mutex_lock(lock);
  Helper *helper = from->count ? from->list[--from->count] : NULL;
  pthread_mutex_unlock(lock);
  return helper;
}

void guard_end(void) {
  for (Helper *helper; (helper = pop(&spare_lock, &spare));) helper_stop(helper);
  dc_free(spare.list);
  spare = (HelperList){0};
}

/* --- Questions --- */

static int fail(TableError *error, const char *text, const char *hint) {
  snprintf(error->text, sizeof error->text, "%.599s", text);
  snprintf(error->hint, sizeof error->hint, "%.199s", hint);
  return -1;
}

/* The helper's end while it had the file is the file's fault. */
static int fail_helper(const DcError *why, TableError *error) {
  if (why->code == DC_INTERRUPTED) return fail(error, "interrupted", "");
  bool damaged = !why->hint[0]; /* else the helper's end has another reason */
  snprintf(error->text, sizeof error->text, "%sthe process that reads it %.300s", damaged ? "the file is damaged: " : "", why->message);
  snprintf(error->hint, sizeof error->hint, "%.199s", damaged ? "have it written again; the program that wrote it may still be able to read it" : why->hint);
  return -1;
}

/* Bytes of the file that the helper wants. */
static DcCode give_bytes(Helper *helper, const TableSource *source, const HelperMessage *asked, TableError *error, DcError *err) {
  uint64_t got = 0;
  void *memory;
  DC_TRY(helper_memory(helper, asked->size, &memory, err));
  if (source->read_at(source->self, asked->offset, memory, asked->size, &got, error) != 0) return DC_FAIL;
  return helper_send(helper, &(HelperMessage){.kind = GUARD_BYTES, .size = got}, err);
}

/* Asks and waits for the answer, which is of the kind `wanted`. -1: the helper is of no use any more. */
static int ask(Helper *helper, const TableSource *source, const HelperMessage *question, GuardKind wanted, HelperMessage *answer, TableError *error) {
  DcError err = {0};
  void *memory;
  DcCode code = helper_send(helper, question, &err);
  if (code == DC_OK) code = helper_receive(helper, answer, &err);
  while (code == DC_OK && answer->kind == GUARD_NEED) {
    code = give_bytes(helper, source, answer, error, &err);
    if (code == DC_FAIL && err.code == DC_OK) return -1; /* the source said why */
    if (code == DC_OK) code = helper_receive(helper, answer, &err);
  }
  if (code == DC_OK && answer->kind == GUARD_FAILED) {
    code = helper_memory(helper, sizeof *error, &memory, &err);
    if (code == DC_OK) memcpy(error, memory, sizeof *error);
    error->text[sizeof error->text - 1] = error->hint[sizeof error->hint - 1] = 0;
    if (code == DC_OK) return -1;
  }
  if (code == DC_OK && answer->kind != (uint32_t)wanted) code = dc_fail(&err, "answers another question");
  return code == DC_OK ? 0 : fail_helper(&err, error);
}

/* --- Helpers --- */

static DcCode await_ready(Helper *helper, DcError *err) {
  HelperMessage answer;
  DcError why = {0};
  void *memory = NULL;
  DcCode code = helper_receive(helper, &answer, &why);
  if (code == DC_OK && answer.kind == GUARD_READY) return DC_OK;
  if (code == DC_OK) code = helper_memory(helper, sizeof(TableError), &memory, &why);
  if (code == DC_INTERRUPTED) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  if (code != DC_OK) return dc_fail(err, "the process that is to read " WORK " files %s", why.message);
  TableError error;
  memcpy(&error, memory, sizeof error);
  dc_fail(err, "%.*s", (int)sizeof error.text - 1, error.text);
  if (error.hint[0]) dc_hint(err, "%.*s", (int)sizeof error.hint - 1, error.hint);
  return err->code;
}

/* A helper that has no file open. */
static DcCode get_helper(Helper **out, DcError *err) {
  *out = pop(&spare_lock, &spare);
  if (*out) return DC_OK;
  Helper *helper;
  DC_TRY(helper_start(WORK, &helper, err));
  DcCode code = await_ready(helper, err);
  if (code == DC_OK) *out = helper;
  else helper_stop(helper);
  return code;
}

/* --- Files --- */

/* What a file consists of, as the first helper that opened it says. */
static int take_contents(TableFile *file, Helper *helper, const HelperMessage *answer, struct ArrowSchema *schema, TableError *error) {
  DcError err = {0};
  void *memory;
  DcCode code = helper_memory(helper, answer->size, &memory, &err);
  const char *at = memory, *end = at + answer->size;
  if (code == DC_OK) code = arrow_wire_take_type(&at, end, schema, &err);
  size_t size = (size_t)answer->number * sizeof *file->units;
  if (code == DC_OK && (size_t)(end - at) != size) {
    schema->release(schema);
    code = dc_fail(&err, "does not count its parts");
  }
  if (code != DC_OK) return fail_helper(&err, error);
  file->count = answer->number;
  file->units = arena_alloc(&file->arena, size + 1);
  memcpy(file->units, at, size);
  file->columns = schema->n_children;
  return 0;
}

/* A helper that has the file open, and whether it is open there for the first time: then the schema is set. */
static int open_helper(TableFile *file, Helper **out, struct ArrowSchema *schema, TableError *error) {
  HelperMessage question = {.kind = GUARD_OPEN, .number = file->option_count, .size = file->source.size, .offset = file->options_size}, answer;
  DcError err = {0};
  Helper *helper = NULL;
  void *memory;
  DcCode code = get_helper(&helper, &err);
  if (code == DC_OK && file->options_size > HELPER_MEMORY) code = dc_fail(&err, "its parameters are too long");
  if (code == DC_OK) code = helper_memory(helper, file->options_size, &memory, &err);
  if (code != DC_OK) {
    helper_stop(helper);
    return fail(error, err.message, err.hint);
  }
  memcpy(memory, file->options, file->options_size);
  int status = ask(helper, &file->source, &question, GUARD_OPENED, &answer, error);
  if (status == 0 && schema) status = take_contents(file, helper, &answer, schema, error);
  else if (status == 0 && answer.number != file->count) status = fail(error, "it changes while it is read", "");
  if (status == 0) *out = helper;
  else helper_stop(helper);
  return status;
}

static void close_file(TableFile *file) {
  for (Helper *helper; (helper = pop(&file->lock, &file->idle));) {
    TableError ignored = {0}; /* all that was asked for has been read */
    HelperMessage answer;
    if (ask(helper, &file->source, &(HelperMessage){.kind = GUARD_CLOSE}, GUARD_DONE, &answer, &ignored) == 0) push(&spare_lock, &spare, helper);
    else helper_stop(helper);
  }
  dc_free(file->idle.list);
  pthread_mutex_destroy(&file->lock);
  arena_free(&file->arena);
  dc_free(file);
}

static int open_file(const TableSource *source, const TableOption *options, uint32_t option_count, TableFile **out, struct ArrowSchema *schema, TableError *error) {
  TableFile *file = dc_alloc(sizeof *file);
  Helper *helper = NULL;
  Buf texts = {0};
  file->source = *source;
  file->option_count = option_count;
  for (uint32_t i = 0; i < option_count; i++) {
    buf_put(&texts, options[i].name, strlen(options[i].name) + 1);
    buf_put(&texts, options[i].value, strlen(options[i].value) + 1);
  }
  file->options = arena_copy(&file->arena, texts.data ? texts.data : "", texts.len);
  file->options_size = texts.len;
  buf_free(&texts);
  pthread_mutex_init(&file->lock, NULL);
  int status = open_helper(file, &helper, schema, error);
  if (status == 0) push(&file->lock, &file->idle, helper);
  if (status == 0) *out = file;
  else close_file(file);
  return status;
}

static uint32_t count_units(TableFile *file) { return file->count; }
static void describe_unit(TableFile *file, uint32_t unit, TableUnit *out) { *out = file->units[unit]; }

/* --- Rows --- */

/* As the interface wants it: the way out is a second line. -1, for the caller to pass on. */
static int note(GuardedRows *rows, const TableError *error) {
  snprintf(rows->error, sizeof rows->error, "%s%s%s", error->text, error->hint[0] ? "\n" : "", error->hint);
  helper_stop(rows->helper);
  rows->helper = NULL;
  return EIO;
}

static const char *last_error(struct ArrowArrayStream *stream) { return ((GuardedRows *)stream->private_data)->error; }

/* It is asked for once. */
static int give_type(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  GuardedRows *rows = stream->private_data;
  Buf bytes = {0};
  DcError err = {0};
  arrow_wire_put_type(&bytes, &rows->type);
  const char *at = bytes.data;
  DcCode code = arrow_wire_take_type(&at, bytes.data + bytes.len, out, &err);
  buf_free(&bytes);
  return code == DC_OK ? 0 : EIO;
}

static int give_array(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  GuardedRows *rows = stream->private_data;
  HelperMessage answer;
  TableError error = {0};
  DcError err = {0};
  void *memory;
  *out = (struct ArrowArray){0};
  if (!rows->helper) return EIO;
  if (ask(rows->helper, &rows->file->source, &(HelperMessage){.kind = GUARD_NEXT}, GUARD_BATCH, &answer, &error) != 0) return note(rows, &error);
  if (!answer.size) return 0;
  arena_reset(&rows->arena);
  DcCode code = helper_memory(rows->helper, answer.size, &memory, &err);
  if (code == DC_OK) code = arrow_wire_take(&rows->type, memory, answer.size, &rows->arena, out, &err);
  if (code == DC_OK) return 0;
  out->release = NULL;
  (void)fail_helper(&err, &error);
  return note(rows, &error);
}

static void release_rows(struct ArrowArrayStream *stream) {
  GuardedRows *rows = stream->private_data;
  HelperMessage answer;
  TableError ignored = {0};
  if (rows->helper) {
    if (!interrupt_asked() && ask(rows->helper, &rows->file->source, &(HelperMessage){.kind = GUARD_END}, GUARD_DONE, &answer, &ignored) == 0)
      push(&rows->file->lock, &rows->file->idle, rows->helper);
    else helper_stop(rows->helper);
  }
  if (rows->type.release) rows->type.release(&rows->type);
  arena_free(&rows->arena);
  dc_free(rows);
  stream->release = NULL;
}

static int start_rows(GuardedRows *rows, uint32_t unit, const uint8_t *columns, uint32_t max_rows, TableError *error) {
  HelperMessage question = {.kind = GUARD_READ, .number = unit, .size = max_rows}, answer;
  TableFile *file = rows->file;
  DcError err = {0};
  void *memory;
  if (columns) {
    question.offset = (uint64_t)file->columns;
    if (question.offset > HELPER_MEMORY) return fail(error, "it has too many columns", "");
    if (helper_memory(rows->helper, question.offset, &memory, &err) != DC_OK) return fail_helper(&err, error);
    memcpy(memory, columns, question.offset);
  }
  if (ask(rows->helper, &file->source, &question, GUARD_DONE, &answer, error) != 0) return -1;
  DcCode code = helper_memory(rows->helper, answer.size, &memory, &err);
  const char *at = memory;
  if (code == DC_OK) code = arrow_wire_take_type(&at, at + answer.size, &rows->type, &err);
  return code == DC_OK ? 0 : fail_helper(&err, error);
}

static int read_unit(TableFile *file, uint32_t unit, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error) {
  GuardedRows *rows = dc_alloc(sizeof *rows);
  rows->file = file;
  rows->helper = pop(&file->lock, &file->idle);
  int status = rows->helper ? 0 : open_helper(file, &rows->helper, NULL, error);
  if (status == 0) status = start_rows(rows, unit, columns, max_rows, error);
  if (status == 0) {
    *out = (struct ArrowArrayStream){.get_schema = give_type, .get_next = give_array, .get_last_error = last_error, .release = release_rows, .private_data = rows};
    return 0;
  }
  helper_stop(rows->helper);
  dc_free(rows);
  return status;
}

static const TableModule guarded_table = {.version = TABLE_MODULE_VERSION, .format = WORK, .open = open_file, .units = count_units, .unit = describe_unit,
                                         .read = read_unit, .close = close_file};

DcCode guard_orc(const TableModule **out, DcError *err) {
  pthread_mutex_lock(&spare_lock);
  bool known = helpers_work;
  pthread_mutex_unlock(&spare_lock);
  *out = &guarded_table;
  if (known) return DC_OK;
  Helper *helper;
  DC_TRY(get_helper(&helper, err));
  push(&spare_lock, &spare, helper);
  pthread_mutex_lock(&spare_lock);
  helpers_work = true;
  pthread_mutex_unlock(&spare_lock);
  return DC_OK;
}
