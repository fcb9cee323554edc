/* typed_reader.c - hands out the rows of units (row groups). Every worker has a unit of its own, whose batches it takes one
 * after the other; how many those are is known from the number of rows, so that morsels are numbered in the order of the
 * dataset. Formats that are read in order go through serial_reader.c.
 */
#include "engine/serial_reader.h"
#include "engine/typed_format.h"

/* A unit that is being read. */
typedef struct Turn {
  const TypedWork *work; /* NULL: none */
  TypedInput *input;
  TypedRows *rows;
  uint64_t row, seq; /* of the next batch */
} Turn;

typedef struct TypedReader {
  Reader reader;
  Dataset *node;
  const Segment **segments;
  uint32_t *parts;
  size_t segment_count;
  uint8_t *needed;
  uint32_t chunk;  /* rows of a morsel */
  TypedWorkList work;
  pthread_mutex_t lock;
  size_t next;     /* of work */
  TypedInput *kept; /* the file that the last unit was taken of, while others of it follow */
  uint32_t kept_file;
  uint64_t limit;
  Turn *turns;     /* of each worker */
  int workers;
} TypedReader;

static uint64_t chunks(const TypedReader *reader, uint64_t rows) { return (rows + reader->chunk - 1) / reader->chunk; }

/* Under the lock: an input that is open already, with a reference; else NULL. */
static TypedInput *find_input(TypedReader *reader, const TypedWork *work, uint32_t file) {
  TypedInput *input = reader->work.inputs ? reader->work.inputs[work->segment] : NULL;
  if (!input && reader->kept && reader->kept_file == file) input = reader->kept;
  return input ? typed_input_ref(input) : NULL;
}

/* Under the lock. */
static void keep_input(TypedReader *reader, uint32_t file, TypedInput *input) {
  typed_input_close(reader->kept);
  reader->kept = typed_input_ref(input);
  reader->kept_file = file;
}

/* The file of a unit; the last one that was opened is kept. Several workers may open the same one, but for pipes. */
static DcCode take_input(TypedReader *reader, const TypedWork *work, uint32_t file, TypedInput **out, DcError *err) {
  Engine *engine = reader->node->engine;
  LoadPlan *plan = reader->node->load;
  bool regular = plan->files.files[file].regular;
  DcCode code = DC_OK;
  pthread_mutex_lock(&reader->lock);
  (void)load_source(reader->node, file, true);
  *out = find_input(reader, work, file);
  bool found = *out != NULL;
  if (!found && !regular) code = typed_input_take(engine, plan, file, out, err);
  if (!found && !regular && code == DC_OK) keep_input(reader, file, *out);
  pthread_mutex_unlock(&reader->lock);
  if (found || !regular) return code;
  DC_TRY(typed_input_open(engine, plan, file, out, err));
  pthread_mutex_lock(&reader->lock);
  keep_input(reader, file, *out);
  pthread_mutex_unlock(&reader->lock);
  return DC_OK;
}

/* --- Turns --- */

static DcCode begin_turn(TypedReader *reader, Turn *turn, DcError *err) {
  const TypedWork *work = turn->work;
  DcCode code = take_input(reader, work, reader->segments[work->segment]->file, &turn->input, err);
  if (code == DC_OK) code = typed_rows_open(reader->node, turn->input, work->unit, reader->needed, &turn->rows, err);
  turn->row = 0;
  turn->seq = work->first_seq;
  return code;
}

static void end_turn(Turn *turn) {
  typed_rows_close(turn->rows);
  typed_input_close(turn->input);
  *turn = (Turn){0};
}

/* Takes the next unit; false: there is none, or it is behind the limit. */
static bool take_work(TypedReader *reader, Turn *turn) {
  pthread_mutex_lock(&reader->lock);
  bool any = reader->next < reader->work.count && reader->work.list[reader->next].first_seq < reader->limit;
  if (any) turn->work = &reader->work.list[reader->next++];
  pthread_mutex_unlock(&reader->lock);
  return any;
}

static DcCode next_rows(TypedReader *reader, Turn *turn, Morsel *out, Batch **owned, DcError *err) {
  const TypedWork *work = turn->work;
  const Segment *segment = reader->segments[work->segment];
  uint64_t left = work->rows - turn->row, source = load_source(reader->node, segment->file, true);
  uint32_t want = left < reader->chunk ? (uint32_t)left : reader->chunk;
  DC_TRY(typed_rows_next(turn->rows, want, origin_make(source, work->first_row + turn->row), owned, err));
  if (!*owned || (*owned)->rows != want)
    return dc_fail(err, "%s: a part of the file has %llu rows in place of %llu; it is corrupt", typed_input_path(turn->input),
                   (unsigned long long)(turn->row + (*owned ? (*owned)->rows : 0)), (unsigned long long)work->rows);
  *out = (Morsel){.seq = turn->seq++, .part = reader->parts[work->segment], .batch = *owned, .to = want, .file = segment->file};
  turn->row += want;
  return DC_OK;
}

static DcCode next(Reader *base, int worker, Morsel *out, Batch **owned, bool *got, uint64_t *seq, DcError *err) {
  TypedReader *reader = (TypedReader *)base;
  Turn *turn = &reader->turns[worker];
  *got = false;
  if (turn->work && turn->rows && turn->row >= turn->work->rows) end_turn(turn);
  if (!turn->work && !take_work(reader, turn)) return DC_OK;
  *seq = turn->rows ? turn->seq : turn->work->first_seq;
  if (!turn->rows) DC_TRY(begin_turn(reader, turn, err));
  if (turn->seq >= reader->limit) return DC_OK; /* goes on in the next phase */
  DC_TRY(next_rows(reader, turn, out, owned, err));
  *got = true;
  return DC_OK;
}

static void set_quota(Reader *base, uint64_t morsels) {
  TypedReader *reader = (TypedReader *)base;
  uint64_t done = 0; /* all phases before ended at the limit */
  if (reader->limit != UINT64_MAX) done = reader->limit;
  reader->limit = morsels ? done + morsels : UINT64_MAX;
}

static bool has_ended(Reader *base) {
  const TypedReader *reader = (const TypedReader *)base;
  if (reader->next < reader->work.count) return false;
  for (int i = 0; i < reader->workers; i++)
    if (reader->turns[i].work && reader->turns[i].row < reader->turns[i].work->rows) return false;
  return true;
}

static void close_reader(Reader *base) {
  TypedReader *reader = (TypedReader *)base;
  for (int i = 0; i < reader->workers; i++)
    end_turn(&reader->turns[i]);
  typed_input_close(reader->kept);
  pthread_mutex_destroy(&reader->lock);
  dc_free(reader->turns);
  typed_work_free(&reader->work);
  dc_free(reader->needed);
  dc_free(reader->segments);
  dc_free(reader->parts);
  dc_free(reader);
}

static const ReaderOps reader_ops = {next, set_quota, has_ended, close_reader};

/* Many columns: fewer rows at a time. */
static uint32_t rows_of_chunk(const Dataset *node) {
  enum { CELLS = 1 << 19, MOST = 64 << 10, LEAST = 2 << 10 };
  uint32_t rows = CELLS / (node->schema.count + 1) / LEAST * LEAST;
  return rows < LEAST ? LEAST : rows > MOST ? MOST : rows;
}

static DcCode open_units(Dataset *node, const ReadSpec *spec, Reader **out, DcError *err) {
  TypedReader *reader = dc_alloc(sizeof *reader);
  reader->reader.ops = &reader_ops;
  reader->node = node;
  reader->segment_count = load_segments(node->load, spec, &reader->segments, &reader->parts);
  if (spec->needed) {
    reader->needed = dc_alloc((size_t)node->schema.count + 1);
    memcpy(reader->needed, spec->needed, node->schema.count);
  }
  reader->chunk = rows_of_chunk(node);
  reader->limit = UINT64_MAX;
  reader->workers = pool_threads(node->engine->pool);
  reader->turns = dc_alloc((size_t)reader->workers * sizeof *reader->turns);
  pthread_mutex_init(&reader->lock, NULL);
  load_progress(node, reader->segments, reader->segment_count);
  *out = &reader->reader;
  DC_TRY(typed_list_work(node, spec, reader->segments, reader->segment_count, &reader->work, err));
  uint64_t seq = 0;
  for (size_t i = 0; i < reader->work.count; i++) {
    reader->work.list[i].first_seq = seq;
    seq += chunks(reader, reader->work.list[i].rows);
  }
  return DC_OK;
}

/* --- In order --- */

typedef struct InOrderFile {
  TypedInput *input;
  TypedRows *rows;
} InOrderFile;

static void close_in_order(void *state) {
  InOrderFile *file = state;
  typed_rows_close(file->rows);
  typed_input_close(file->input);
  dc_free(file);
}

static DcCode open_in_order(Dataset *node, const ReadSpec *spec, uint32_t number, void **state, DcError *err) {
  InOrderFile *file = dc_alloc(sizeof *file);
  DcCode code = typed_input_take(node->engine, node->load, number, &file->input, err);
  if (code == DC_OK) code = typed_rows_open(node, file->input, 0, spec->needed, &file->rows, err);
  if (code == DC_OK) *state = file;
  else close_in_order(file);
  return code;
}

static DcCode next_in_order(void *state, uint64_t origin_base, Batch **out, uint64_t *bytes, DcError *err) {
  (void)bytes; /* the input counts them itself */
  return typed_rows_next(((InOrderFile *)state)->rows, 64 << 10, origin_base, out, err);
}

static const SerialOps in_order_ops = {open_in_order, next_in_order, close_in_order};

DcCode typed_reader_open(Dataset *node, const ReadSpec *spec, Reader **out, DcError *err) {
  const TypedOptions *options = node->load->file.own;
  const TableModule *module;
  DC_TRY(typed_reading(options->format, &module, err));
  return module->in_order ? serial_reader_open(node, spec, &in_order_ops, out, err) : open_units(node, spec, out, err);
}
