/* sheet_adapter.c - the adapter xlsx: parameters and columns. */
#include "engine/sheet_adapter.h"

#include "engine/adapter_params.h"

/* The file that was opened for its columns, until somebody reads it. */
typedef struct SheetPlan {
  _Atomic(SheetFile *) kept;
} SheetPlan;

static void defaults(const AdapterRow *row, bool writing, void *own) {
  SheetOptions *options = own;
  (void)row;
  (void)writing;
  options->header = true;
  options->range = (SheetRange){.last_column = SHEET_MOST_COLUMNS - 1, .first_row = 1, .last_row = SHEET_MOST_ROWS};
}

static DcCode apply(const ParamValue *param, Arena *arena, void *own, DcError *err) {
  SheetOptions *options = own;
  Str text;
  int64_t number;
  if (str_is(param->name, "header")) return param_truth(param, &options->header, err);
  if (str_is(param->name, "skip")) {
    DC_TRY(param_whole_number(param, SHEET_MOST_ROWS, &number, err));
    options->skip = (uint64_t)number;
    return DC_OK;
  }
  if (str_is(param->name, "range")) {
    DC_TRY(param_text(param, arena, &text, err));
    options->ranged = true;
    return sheet_range(text, &options->range) ? DC_OK : param_wrong(param, "a range such as 'B3:F100', 'B:F' or 'B3'", err);
  }
  options->number = 0; /* @sheet */
  options->sheet = (Str){0};
  if (param->value.type != TYPE_INT) return param_text(param, arena, &options->sheet, err);
  options->number = param->value.as.i;
  return options->number > 0 ? DC_OK : param_wrong(param, "a sheet's name, or its number from 1", err);
}

/* --- Columns --- */

static DcCode check_names(const SheetFile *file, DcError *err) {
  for (uint32_t i = 0; i < file->width; i++)
    for (uint32_t k = 0; k < i; k++) {
      if (!str_eq(file->names[i], file->names[k])) continue;
      dc_fail(err, "%s: two columns are called \"%.*s\"", file->input->path.data, STR_ARG(file->names[i]));
      dc_hint(err, "name the columns: (@header = FALSE, @skip = %u) VALUE (a, b, …)", file->above);
      return err->code;
    }
  return DC_OK;
}

static DcCode wanted_columns(Dataset *node) {
  LoadPlan *plan = node->load;
  Str *names = arena_alloc(&plan->arena, (plan->wanted_count + 1) * sizeof *names);
  size_t count = 0;
  for (size_t i = 0; i < plan->wanted_count; i++)
    if (!str_is(plan->wanted[i], "_")) names[count++] = plan->wanted[i];
  node_schema(node, DS_COLUMNAR, names, count);
  return DC_OK;
}

static DcCode find_columns(Dataset *node, SheetPlan *own, DcError *err) {
  LoadPlan *plan = node->load;
  for (uint32_t f = 0; f < plan->files.count; f++) {
    SheetFile *file;
    DC_TRY(sheet_file_open(node->engine, &plan->files.files[f], plan->file.own, &file, err));
    DcCode code = check_names(file, err);
    bool found = file->has_rows;
    if (code == DC_OK && found) node_schema(node, DS_COLUMNAR, file->names, file->width);
    if (code == DC_OK && f == 0) atomic_store(&own->kept, file);
    else sheet_file_close(file);
    if (code != DC_OK || found) return code;
  }
  node_schema(node, DS_COLUMNAR, NULL, 0);
  return DC_OK;
}

static DcCode schema(Dataset *node, DcError *err) {
  LoadPlan *plan = node->load;
  SheetPlan *own = dc_alloc(sizeof *own);
  atomic_init(&own->kept, NULL);
  plan->own = own;
  return plan->wanted_count ? wanted_columns(node) : find_columns(node, own, err);
}

SheetFile *sheet_take_kept(LoadPlan *plan) { return atomic_exchange(&((SheetPlan *)plan->own)->kept, NULL); }

static void free_plan(LoadPlan *plan) {
  if (plan->own) sheet_file_close(sheet_take_kept(plan));
  dc_free(plan->own);
}

static const SourceOps source = {.schema = schema, .free = free_plan, .open = sheet_reader_open};
const Format sheet_format = {.options_size = sizeof(SheetOptions), .defaults = defaults, .apply = apply, .source = &source};
