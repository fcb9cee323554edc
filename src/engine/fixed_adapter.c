/* fixed_adapter.c - text of fixed width: parameters, and reading lines, or records without line ends, that are cut into fields. */
#include "engine/fixed_adapter.h"

#include "base/utf8.h"
#include "engine/adapter_params.h"
#include "engine/load.h"

#define A_WIDTH "whole numbers from 1 to 1,000,000: [10, 5, 8] or '10, 5, 8'"

size_t fixed_width(const FixedOptions *options, Str text) { return options->bytes || utf8_is_ascii(text) ? text.len : utf8_length(text); }

size_t fixed_offset(const FixedOptions *options, Str text, size_t width) {
  if (!options->bytes && !utf8_is_ascii(text)) return utf8_offset(text, width);
  return width < text.len ? width : text.len;
}

/* --- Parameters --- */

static void defaults(const AdapterRow *row, bool writing, void *own) {
  FixedOptions *out = own;
  (void)row;
  out->text = (TextOptions){.plain = true, .dialect = {.plain = !writing}};
  out->trim = TRIM_BOTH;
  out->pad = ' ';
}

/* The parts of a list with commas, or of an array. */
static Value list_of(Arena *arena, Value value) {
  if (value.type != TYPE_STRING) return value;
  Str text = value_get_str(value);
  size_t most = 1, count = 0, start = 0;
  for (size_t i = 0; i < text.len; i++) most += text.data[i] == ',';
  Value *items = arena_alloc(arena, most * sizeof *items);
  for (size_t i = 0; i <= text.len; i++) {
    if (i < text.len && text.data[i] != ',') continue;
    size_t end = i;
    while (start < end && text.data[start] == ' ') start++;
    while (end > start && text.data[end - 1] == ' ') end--;
    items[count++] = value_str(arena_str(arena, str_make(text.data + start, end - start)));
    start = i + 1;
  }
  return value_array(arena, items, count);
}

static DcCode apply_widths(const ParamValue *param, Arena *arena, FixedOptions *out, DcError *err) {
  enum { MOST_WIDTH = 1000000, MOST_FIELDS = 65536 };
  Value list = list_of(arena, param->value);
  if (list.type != TYPE_ARRAY || !list.as.array->count || list.as.array->count > MOST_FIELDS) return param_wrong(param, A_WIDTH, err);
  uint32_t *widths = arena_alloc(arena, list.as.array->count * sizeof *widths);
  uint64_t total = 0;
  for (size_t i = 0; i < list.as.array->count; i++) {
    Value number;
    bool read = value_to_number(list.as.array->items[i], &number) && number.type == TYPE_INT;
    if (!read || number.as.i < 1 || number.as.i > MOST_WIDTH) return param_wrong(param, A_WIDTH, err);
    widths[i] = (uint32_t)number.as.i;
    total += widths[i];
  }
  if (total > INT32_MAX) return param_wrong(param, "less than 2 GiB in all", err);
  out->widths = widths;
  out->count = list.as.array->count;
  out->total = (uint32_t)total;
  return DC_OK;
}

static DcCode apply_align(const ParamValue *param, Arena *arena, FixedOptions *out, DcError *err) {
  static const ParamChoice sides[] = {{"left", 0}, {"right", 1}, {NULL, 0}};
  Value list = list_of(arena, param->value);
  if (list.type != TYPE_ARRAY || !list.as.array->count) return param_wrong(param, "'left', 'right' or a list of them", err);
  bool *right = arena_alloc(arena, list.as.array->count * sizeof *right);
  for (size_t i = 0; i < list.as.array->count; i++) {
    ParamValue one = {param->name, list.as.array->items[i], param->pos};
    int choice = 0;
    DC_TRY(param_choose(&one, sides, "'left', 'right' or a list of them", &choice, err));
    right[i] = choice;
  }
  out->right = right;
  out->right_count = list.as.array->count;
  return DC_OK;
}

static DcCode apply_choice(const ParamValue *param, FixedOptions *out, DcError *err) {
  static const ParamChoice trims[] = {{"both", TRIM_BOTH}, {"left", TRIM_LEFT}, {"right", TRIM_RIGHT}, {"none", TRIM_NONE}, {NULL, 0}};
  static const ParamChoice units[] = {{"chars", 0}, {"bytes", 1}, {NULL, 0}};
  int choice = 0;
  if (str_is(param->name, "trim")) {
    DC_TRY(param_choose(param, trims, "'both', 'left', 'right' or 'none'", &choice, err));
    out->trim = (FixedTrim)choice;
  } else {
    DC_TRY(param_choose(param, units, "'chars' or 'bytes'", &choice, err));
    out->bytes = choice;
  }
  return DC_OK;
}

static DcCode apply(const ParamValue *param, Arena *arena, void *own, DcError *err) {
  FixedOptions *out = own;
  Str name = param->name;
  int64_t number = 0;
  if (str_is(name, "widths")) return apply_widths(param, arena, out, err);
  if (str_is(name, "align")) return apply_align(param, arena, out, err);
  if (str_is(name, "trim") || str_is(name, "unit")) return apply_choice(param, out, err);
  if (str_is(name, "pad")) return param_byte(param, false, &out->pad, err);
  if (str_is(name, "cut")) return param_truth(param, &out->cut, err);
  if (!str_is(name, "record")) return text_format.apply(param, arena, &out->text, err);
  DC_TRY(param_whole_number(param, INT32_MAX, &number, err));
  out->record = (uint32_t)number;
  return DC_OK;
}

static DcCode check_options(void *own, Position pos, bool writing, DcError *err) {
  FixedOptions *options = own;
  options->pos = pos;
  if (!options->count) {
    dc_fail_at(err, DC_FAIL, pos, "fixed needs @widths, the width of each field");
    dc_hint(err, "fixed(@widths = [10, 5, 8])");
  } else if (options->record && options->record < options->total) {
    dc_fail_at(err, DC_FAIL, pos, "@record = %u is less than the sum of @widths, %u", options->record, options->total);
  } else if (options->right_count > 1 && options->right_count != options->count) {
    dc_fail_at(err, DC_FAIL, pos, "@align has %zu sides for %zu fields", options->right_count, options->count);
    dc_hint(err, "one side stands for all of them");
  }
  (void)writing;
  return err->code;
}

/* --- Reading --- */

static DcCode check_columns(const LoadPlan *plan, const LoadSpec *spec, DcError *err) {
  const FixedOptions *options = plan->file.own;
  if (spec->column_count && spec->column_count != options->count) {
    dc_fail_at(err, DC_FAIL, spec->adapter_pos, "the VALUE list has %zu column%s for %zu fields of @widths", spec->column_count, spec->column_count == 1 ? "" : "s", options->count);
    dc_hint(err, "_ stands for a field that is left out");
    return err->code;
  }
  return load_check_twice(spec, err);
}

static Cutter *new_cutter(const LoadPlan *plan, uint32_t file) {
  const FixedOptions *options = plan->file.own;
  (void)file;
  return options->record ? record_cutter(options->record, !options->bytes) : NULL;
}

static DcCode schema(Dataset *node, DcError *err) {
  node->load->cutter = new_cutter;
  return text_source.schema(node, err);
}

static bool cuttable(const LoadPlan *plan) { return !((const FixedOptions *)plan->file.own)->record && text_source.cuttable(plan); }

static DcCode finish(Dataset *node, const LoadSpec *spec, Dataset **out, DcError *err) {
  const LoadPlan *plan = node->load;
  const FixedOptions *options = plan->file.own;
  Arena arena = {0};
  Str *names = arena_alloc(&arena, options->count * sizeof *names);
  for (size_t i = 0; i < options->count; i++) names[i] = plan->wanted_count ? plan->wanted[i] : arena_printf(&arena, "_%zu", i + 1);
  *out = fixed_rows(node, options, spec->adapter_pos, names);
  arena_free(&arena);
  (void)err;
  return DC_OK;
}

static const SourceOps fixed_source = {.check = check_columns, .schema = schema, .cuttable = cuttable, .finish = finish, .free = text_load_free, .open = text_reader_open};

const Format fixed_format = {.options_size = sizeof(FixedOptions), .defaults = defaults, .apply = apply, .check = check_options,
                             .source = &fixed_source, .writer = &fixed_writer};
