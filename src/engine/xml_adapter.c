/* xml_adapter.c - the adapter xml: parameters, columns, and files read in order. */
#include "engine/xml_adapter.h"

#include "engine/adapter_params.h"
#include "engine/row_queue.h"
#include "engine/serial_reader.h"
#include "io/stream.h"
#include "io/xml_rows.h"

#define MAX_ROW ((uint64_t)1 << 30)
enum { PIECE = 64 << 10, MOST_PIECE = 32 << 20 };

typedef struct XmlOptions {
  Str row_text;
  XmlPath row;
  Str encoding; /* data NULL: as the files say */
} XmlOptions;

/* One file that is read. */
typedef struct XmlFile {
  const InputFile *input;
  InputStream *stream;
  XmlRows *rows;
  XmlShape shape;
  uint8_t *needed;
  RowQueue queue;
  Dataset *node;
  char *piece;
  size_t size;      /* of the piece */
  uint64_t counted; /* bytes from the disk that were told */
  uint64_t found;   /* rows */
  bool ended;
} XmlFile;

/* --- Parameters --- */

static void defaults(const AdapterRow *row, bool writing, void *own) {
  (void)row;
  (void)writing;
  ((XmlOptions *)own)->row_text = (Str){"*/*", 3};
}

static DcCode apply(const ParamValue *param, Arena *arena, void *own, DcError *err) {
  XmlOptions *options = own;
  if (str_is(param->name, "encoding")) return param_text(param, arena, &options->encoding, err);
  return param_text(param, arena, &options->row_text, err); /* @row */
}

/* --- Columns --- */

static DcCode check(const LoadPlan *plan, const LoadSpec *spec, DcError *err) {
  XmlOptions *options = (XmlOptions *)plan->file.own;
  Arena *arena = &((LoadPlan *)plan)->arena;
  for (size_t i = 0; i < spec->param_count; i++)
    if (str_is(spec->params[i].name, "row") && xml_row_path(options->row_text, arena, &options->row, err) != DC_OK) return dc_position(err, spec->params[i].pos);
  return options->row.count ? DC_OK : xml_row_path(options->row_text, arena, &options->row, err);
}

static DcCode schema(Dataset *node, DcError *err) {
  LoadPlan *plan = node->load;
  if (!plan->wanted_count) {
    node_structured(node, NULL, 0);
    return DC_OK;
  }
  Str *names = arena_alloc(&plan->arena, (plan->wanted_count + 1) * sizeof *names);
  XmlPath *paths = arena_alloc(&plan->arena, (plan->wanted_count + 1) * sizeof *paths);
  size_t count = 0;
  for (size_t i = 0; i < plan->wanted_count; i++) {
    if (str_is(plan->wanted[i], "_")) continue;
    names[count] = plan->wanted[i];
    DC_TRY(xml_column_path(plan->wanted[i], &plan->arena, &paths[count++], err));
  }
  plan->own = paths;
  node_schema(node, DS_COLUMNAR, names, count);
  return DC_OK;
}

/* --- Rows --- */

static DcCode take_row(void *self, const Value *cells, DcError *err) {
  XmlFile *file = self;
  file->found++;
  return row_queue_add(&file->queue, cells, err);
}

static void close_file(void *state) {
  XmlFile *file = state;
  xml_rows_free(file->rows);
  stream_close(file->stream);
  row_queue_free(&file->queue);
  dc_free(file->needed);
  dc_free(file->piece);
  dc_free(file);
}

static DcCode open_file(Dataset *node, const ReadSpec *spec, uint32_t number, void **state, DcError *err) {
  LoadPlan *plan = node->load;
  const XmlOptions *options = plan->file.own;
  XmlFile *file = dc_alloc(sizeof *file);
  uint64_t limit = budget_limit(node->engine->budget);
  file->node = node;
  file->input = &plan->files.files[number];
  file->size = PIECE;
  file->piece = dc_alloc(PIECE);
  file->shape = (XmlShape){.row = options->row, .most = limit < MAX_ROW ? limit : MAX_ROW, .encoding = options->encoding.data};
  row_queue_init(&file->queue, node->engine, load_own_columns(node));
  if (plan->wanted_count) {
    file->shape.columns = plan->own;
    file->shape.column_count = load_own_columns(node);
    if (spec->needed) {
      file->needed = dc_alloc(load_own_columns(node) + 1);
      memcpy(file->needed, spec->needed, load_own_columns(node));
      file->shape.needed = file->needed;
    }
  }
  DcCode code = xml_rows_new(file->input->path.data, &file->shape, take_row, file, &file->rows, err);
  if (code == DC_OK) code = stream_open(file->input, 0, UINT64_MAX, &file->stream, err);
  if (code != DC_OK) {
    close_file(file);
    return code;
  }
  *state = file;
  return DC_OK;
}

/* The next piece through the parser. While nothing of a piece is understood (a tag of many megabytes) pieces double, so
   that looking for its end again and again stays cheap. */
static DcCode read_piece(XmlFile *file, uint64_t *bytes, DcError *err) {
  size_t got;
  DC_TRY(stream_read(file->stream, file->piece, file->size, &got, err));
  *bytes += stream_bytes(file->stream) - file->counted;
  file->counted = stream_bytes(file->stream);
  file->ended = got == 0;
  uint64_t before = xml_rows_position(file->rows);
  DC_TRY(xml_rows_parse(file->rows, file->piece, got, file->ended, err));
  size_t size = xml_rows_position(file->rows) != before ? PIECE : file->size < MOST_PIECE ? file->size * 2 : file->size;
  if (size != file->size) {
    dc_free(file->piece);
    file->piece = dc_alloc(size);
    file->size = size;
  }
  return DC_OK;
}

static void warn_if_empty(const XmlFile *file) {
  const XmlOptions *options = file->node->load->file.own;
  const char *other = xml_rows_other(file->rows);
  if (!file->found && other[0])
    engine_warn(file->node->engine, file->node->pos, "%s: no element is a row by @row = '%.*s'; it has '%s', for example", file->input->path.data,
                STR_ARG(options->row_text), other);
}

static DcCode next_rows(void *state, uint64_t origin_base, Batch **out, uint64_t *bytes, DcError *err) {
  XmlFile *file = state;
  for (;;) {
    if (!file->queue.rows && file->queue.first == file->queue.count) file->queue.origin = origin_base;
    DC_TRY(row_queue_take(&file->queue, file->ended, out, err));
    if (*out) return DC_OK;
    if (file->ended) break;
    DC_TRY(read_piece(file, bytes, err));
  }
  warn_if_empty(file);
  return DC_OK;
}

static const SerialOps file_ops = {open_file, next_rows, close_file};

static DcCode open_reader(Dataset *node, const ReadSpec *spec, Reader **out, DcError *err) {
  return serial_reader_open(node, spec, &file_ops, out, err);
}

static const SourceOps source = {.check = check, .schema = schema, .open = open_reader};
const Format xml_format = {.options_size = sizeof(XmlOptions), .defaults = defaults, .apply = apply, .source = &source};
