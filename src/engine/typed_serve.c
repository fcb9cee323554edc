/* typed_serve.c - the helper's side of reading files of typed columns: answers, one question after the other, by the module
 * itself. It holds one file open, and of it the rows of one unit.
 */
#include <pthread.h>
#include <stdio.h>

#include "engine/typed_format.h"
#include "engine/typed_guard.h"
#include "value/arrow_wire.h"

enum { MOST_ASKED = 8 << 20 }; /* bytes of the file at once: of a remote one, each question is a way to its server */

typedef struct Served {
  const TableModule *module;
  Helper *program;
  pthread_mutex_t lock; /* one of the module's threads asks for bytes at a time */
  TableFile *file;
  struct ArrowSchema schema; /* its columns */
  struct ArrowArrayStream rows;
  struct ArrowSchema type; /* of the rows */
  uint8_t *marks;
  Arena arena; /* the file's options */
} Served;

/* --- Bytes of the file --- */

static DcCode ask_for(Served *served, uint64_t offset, char *data, uint64_t size, uint64_t *got, DcError *err) {
  HelperMessage message = {.kind = GUARD_NEED, .size = size, .offset = offset};
  void *memory;
  DC_TRY(helper_memory(served->program, size, &memory, err)); /* the program puts them there */
  DC_TRY(helper_send(served->program, &message, err));
  DC_TRY(helper_receive(served->program, &message, err));
  *got = message.size < size ? message.size : size;
  memcpy(data, memory, (size_t)*got);
  return DC_OK;
}

static int read_at(void *self, uint64_t offset, void *data, uint64_t size, uint64_t *got, TableError *error) {
  Served *served = self;
  DcError err = {0};
  DcCode code = DC_OK;
  pthread_mutex_lock(&served->lock);
  *got = 0;
  for (uint64_t step = 1, wanted; *got < size && step && code == DC_OK; *got += step) {
    wanted = size - *got < MOST_ASKED ? size - *got : MOST_ASKED;
    step = 0;
    code = ask_for(served, offset + *got, (char *)data + *got, wanted, &step, &err);
  }
  pthread_mutex_unlock(&served->lock);
  if (code != DC_OK) snprintf(error->text, sizeof error->text, "%.500s", err.message);
  return code == DC_OK ? 0 : -1;
}

static bool stopped(void *self) {
  (void)self; /* the program kills its helpers */
  return false;
}

/* --- Answers --- */

static DcCode answer_bytes(Served *served, GuardKind kind, uint32_t number, const Buf *bytes, DcError *err) {
  void *memory;
  DC_TRY(helper_memory(served->program, bytes->len, &memory, err));
  if (bytes->len) memcpy(memory, bytes->data, bytes->len);
  return helper_send(served->program, &(HelperMessage){.kind = (uint32_t)kind, .number = number, .size = bytes->len}, err);
}

static DcCode answer_failed(Served *served, const TableError *error, DcError *err) {
  void *memory;
  DC_TRY(helper_memory(served->program, sizeof *error, &memory, err));
  memcpy(memory, error, sizeof *error);
  return helper_send(served->program, &(HelperMessage){.kind = GUARD_FAILED}, err);
}

static void close_rows(Served *served) {
  if (served->type.release) served->type.release(&served->type);
  if (served->rows.release) served->rows.release(&served->rows);
  served->type = (struct ArrowSchema){0};
  served->rows = (struct ArrowArrayStream){0};
  dc_free(served->marks);
  served->marks = NULL;
}

static void close_file(Served *served) {
  close_rows(served);
  if (served->file) served->module->close(served->file);
  if (served->schema.release) served->schema.release(&served->schema);
  served->file = NULL;
  served->schema = (struct ArrowSchema){0};
  arena_reset(&served->arena);
}

static DcCode answer_open(Served *served, const HelperMessage *question, DcError *err) {
  const TableModule *module = served->module;
  TableSource source = {.self = served, .size = question->size, .read_at = read_at, .stopped = stopped};
  TableError error = {0};
  TableOption *options = arena_alloc(&served->arena, ((size_t)question->number + 1) * sizeof *options);
  void *memory;
  DC_TRY(helper_memory(served->program, question->offset, &memory, err));
  const char *at = arena_copy(&served->arena, memory, (size_t)question->offset);
  for (uint32_t i = 0; i < question->number; i++) {
    options[i].name = at;
    at += strlen(at) + 1;
    options[i].value = at;
    at += strlen(at) + 1;
  }
  if (module->open(&source, options, question->number, &served->file, &served->schema, &error) != 0) return answer_failed(served, &error, err);
  Buf out = {0};
  uint32_t units = module->units(served->file);
  arrow_wire_put_type(&out, &served->schema);
  for (uint32_t i = 0; i < units; i++) {
    TableUnit unit = {0};
    module->unit(served->file, i, &unit);
    buf_put(&out, &unit, sizeof unit);
  }
  DcCode code = answer_bytes(served, GUARD_OPENED, units, &out, err);
  buf_free(&out);
  return code;
}

static DcCode rows_failed(Served *served, DcError *err) {
  TableError error = {.text = "the library gives no reason"};
  const char *text = served->rows.get_last_error(&served->rows);
  const char *hint = text ? strchr(text, '\n') : NULL; /* a second line is the way out */
  if (text) snprintf(error.text, sizeof error.text, "%.*s", hint ? (int)(hint - text) : (int)sizeof error.text - 1, text);
  if (hint) snprintf(error.hint, sizeof error.hint, "%.199s", hint + 1);
  return answer_failed(served, &error, err);
}

static DcCode answer_read(Served *served, const HelperMessage *question, DcError *err) {
  TableError error = {0};
  void *memory;
  if (question->offset) {
    DC_TRY(helper_memory(served->program, question->offset, &memory, err));
    served->marks = dc_alloc((size_t)question->offset);
    memcpy(served->marks, memory, (size_t)question->offset);
  }
  if (served->module->read(served->file, question->number, served->marks, (uint32_t)question->size, &served->rows, &error) != 0)
    return answer_failed(served, &error, err);
  if (served->rows.get_schema(&served->rows, &served->type) != 0) return rows_failed(served, err);
  Buf out = {0};
  arrow_wire_put_type(&out, &served->type);
  DcCode code = answer_bytes(served, GUARD_DONE, 0, &out, err);
  buf_free(&out);
  return code;
}

static DcCode answer_batch(Served *served, struct ArrowArray *array, DcError *err) {
  TableError error = {0};
  DcError why = {0};
  uint64_t size;
  void *memory;
  if (arrow_wire_size(&served->type, array, &size, &why) != DC_OK) {
    snprintf(error.text, sizeof error.text, "%.500s", why.message);
    return answer_failed(served, &error, err);
  }
  DC_TRY(helper_memory(served->program, size, &memory, err));
  arrow_wire_put(&served->type, array, memory);
  return helper_send(served->program, &(HelperMessage){.kind = GUARD_BATCH, .size = size}, err);
}

static DcCode answer_next(Served *served, DcError *err) {
  struct ArrowArray array = {0};
  if (served->rows.get_next(&served->rows, &array) != 0) return rows_failed(served, err);
  if (!array.release) return helper_send(served->program, &(HelperMessage){.kind = GUARD_BATCH}, err);
  DcCode code = answer_batch(served, &array, err);
  array.release(&array);
  return code;
}

static DcCode answer(Served *served, const HelperMessage *question, DcError *err) {
  const HelperMessage done = {.kind = GUARD_DONE};
  switch ((GuardKind)question->kind) {
    case GUARD_OPEN: return answer_open(served, question, err);
    case GUARD_READ: return answer_read(served, question, err);
    case GUARD_NEXT: return answer_next(served, err);
    case GUARD_END: close_rows(served); return helper_send(served->program, &done, err);
    case GUARD_CLOSE: close_file(served); return helper_send(served->program, &done, err);
    default: return dc_fail(err, "a helper was asked what it does not know");
  }
}

DcCode guard_serve(const TableModule *module, Helper *program, DcError *err) {
  Served served = {.module = module, .program = program};
  HelperMessage question;
  pthread_mutex_init(&served.lock, NULL);
  DC_TRY(helper_send(program, &(HelperMessage){.kind = GUARD_READY}, err));
  for (;;) {
    DC_TRY(helper_receive(program, &question, err));
    DC_TRY(answer(&served, &question, err));
  }
}

DcCode guard_work(const char *work, DcError *err) {
  const TableModule *module;
  Helper *program;
  DcError why = {0};
  TableError error = {0};
  if (strcmp(work, "orc") != 0) return dc_fail_at(err, DC_USAGE, (Position){0}, "--helper is for the program itself");
  DC_TRY(helper_inside(&program, err));
  if (typed_module(orc_format.typed, &module, &why) == DC_OK) return guard_serve(module, program, err);
  Served served = {.program = program};
  snprintf(error.text, sizeof error.text, "%.599s", why.message);
  snprintf(error.hint, sizeof error.hint, "%.199s", why.hint);
  DC_TRY(answer_failed(&served, &error, err));
  HelperMessage never;
  return helper_receive(program, &never, err); /* ends with the program */
}
