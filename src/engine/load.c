/* load.c - CREATE: which files, and which partitions. What is in the files is the format's business (SourceOps). */
#include "engine/load.h"

#include "engine/prune.h"

#include <stdlib.h>

#define PARTITION_BYTES ((uint64_t)64 << 20)
enum { MOST_BY_SIZE = 4096 }; /* partitions that nobody asked for */

void load_plan_free(LoadPlan *plan) {
  if (!plan || atomic_fetch_sub(&plan->refs, 1) != 1) return;
  const SourceOps *source = plan->file.row ? plan->file.row->format->source : NULL;
  if (source && source->free) source->free(plan);
  listing_free(&plan->files);
  dc_free(plan->segments);
  dc_free(plan->units);
  dc_free(plan->sources);
  arena_free(&plan->arena);
  dc_free(plan);
}

uint64_t load_source(Dataset *node, uint32_t file, bool rows) {
  LoadPlan *plan = node->load;
  if (!plan->sources[file]) {
    SourceInfo info = {.file = plan->files.files[file], .rows = rows};
    if (plan->text) info.dialect = plan->text->dialect;
    plan->sources[file] = engine_source(node->engine, &info) + 1;
  }
  return plan->sources[file] - 1;
}

DcCode load_missing_column(const char *path, Str column, const Str *names, size_t count, DcError *err) {
  Speller speller = speller_start(column);
  Buf list = {0};
  for (size_t i = 0; i < count; i++) {
    speller_try(&speller, names[i]);
    if (list.len < 200) buf_printf(&list, "%s%.*s", i ? ", " : "", STR_ARG(names[i]));
  }
  dc_fail(err, "%s: no column \"%.*s\" in the header", path, STR_ARG(column));
  Str near = speller_best(&speller);
  if (near.len) dc_hint(err, "did you mean \"%.*s\"? It has: %.*s", STR_ARG(near), (int)list.len, list.data);
  else dc_hint(err, "it has: %.*s", (int)list.len, list.data);
  buf_free(&list);
  return err->code;
}

DcCode load_check_twice(const LoadSpec *spec, DcError *err) {
  for (size_t i = 0; i < spec->column_count; i++)
    for (size_t k = 0; k < i; k++)
      if (str_eq(spec->columns[i], spec->columns[k]) && !str_is(spec->columns[i], "_"))
        return dc_fail_at(err, DC_FAIL, spec->adapter_pos, "the VALUE list names \"%.*s\" twice", STR_ARG(spec->columns[i]));
  return DC_OK;
}

/* --- Partitions --- */

static void add_segment(LoadPlan *plan, size_t *cap, Segment segment) {
  VEC_GROW(plan->segments, plan->segment_count, *cap);
  plan->segments[plan->segment_count++] = segment;
}

/* Contiguous shares of all bytes. */
static void cut_bytes(LoadPlan *plan, uint32_t partitions, uint64_t total) {
  uint64_t at = 0;
  size_t cap = 0;
  for (uint32_t f = 0; f < plan->files.count; f++) {
    uint64_t size = plan->files.files[f].size;
    for (uint64_t done = 0; done < size;) {
      uint32_t part = (uint32_t)((__int128)(at + done) * partitions / total);
      uint64_t end = (uint64_t)(((__int128)total * (part + 1) + partitions - 1) / partitions) - at; /* first byte of the next share */
      if (end > size) end = size;
      add_segment(plan, &cap, (Segment){f, part, done, end == size ? UINT64_MAX : end});
      done = end;
    }
    at += size;
  }
}

/* What cannot be cut goes whole to the share in which it begins; as many shares as pieces: one to each. */
static void deal_out(LoadPlan *plan, const FileUnit *pieces, size_t count, uint32_t partitions, bool by_source) {
  uint64_t total = 0, at = 0;
  size_t cap = 0;
  for (size_t i = 0; i < count; i++) total += pieces[i].bytes;
  for (size_t i = 0; i < count; i++) {
    uint32_t part = total ? (uint32_t)((double)at / (double)total * partitions) : 0;
    if (by_source) part = pieces[i].file;
    else if (count == partitions) part = (uint32_t)i;
    if (part >= partitions) part = partitions - 1;
    uint64_t from = plan->units ? pieces[i].number : 0, to = plan->units ? from + 1 : UINT64_MAX;
    Segment *last = plan->segment_count ? &plan->segments[plan->segment_count - 1] : NULL;
    if (last && plan->units && last->file == pieces[i].file && last->partition == part && last->to == from) last->to = to;
    else add_segment(plan, &cap, (Segment){pieces[i].file, part, from, to});
    at += pieces[i].bytes;
  }
}

static void deal_out_files(LoadPlan *plan, uint32_t partitions, bool by_source) {
  FileUnit *pieces = dc_alloc((plan->files.count + 1) * sizeof *pieces);
  for (uint32_t f = 0; f < plan->files.count; f++) pieces[f] = (FileUnit){.file = f, .bytes = plan->files.files[f].size};
  deal_out(plan, pieces, plan->files.count, partitions, by_source);
  dc_free(pieces);
}

/* Files elsewhere are cut only where somebody asks for it: each part costs requests of its own. */
static bool cuttable(const LoadPlan *plan, const SourceOps *source, bool asked) {
  if (plan->file.codec || !source->cuttable || !source->cuttable(plan)) return false;
  for (size_t i = 0; i < plan->files.count; i++)
    if (!input_seekable(&plan->files.files[i]) || (plan->files.files[i].remote && !asked)) return false;
  return true;
}

/* Gives the node its partitions; false: as many as are asked for can be had by a re-cut only. */
static bool cut_partitions(Dataset *node, const LoadSpec *spec) {
  LoadPlan *plan = node->load;
  size_t files = plan->files.count;
  uint64_t total = 0;
  for (size_t i = 0; i < files; i++) total += plan->files.files[i].size;
  size_t by_size = (total + PARTITION_BYTES - 1) / PARTITION_BYTES, wanted = spec->by == BY_RANDOM ? 0 : spec->partitions;
  bool by_bytes = cuttable(plan, plan->file.row->format->source, wanted) && total, by_source = spec->by == BY_SOURCE;
  if (plan->units) by_size = wanted && wanted < plan->unit_count ? wanted : plan->unit_count;
  if (!by_bytes && !plan->units && by_size > files) by_size = files;
  if (by_size < 1) by_size = 1;
  if (by_size > MOST_BY_SIZE && !(plan->units && wanted)) by_size = MOST_BY_SIZE;
  node->partitions = by_source ? (uint32_t)files : by_bytes && wanted ? (uint32_t)wanted : (uint32_t)by_size;
  if (by_bytes && !by_source) cut_bytes(plan, node->partitions, total);
  else if (plan->units) deal_out(plan, plan->units, plan->unit_count, node->partitions, by_source);
  else deal_out_files(plan, node->partitions, by_source);
  return by_source || !wanted || wanted == node->partitions;
}

static int compare_partition(const Segment *segment, uint32_t partition) {
  return (segment->partition > partition) - (segment->partition < partition);
}

size_t load_segments(const LoadPlan *plan, const ReadSpec *spec, const Segment ***segments, uint32_t **parts) {
  size_t count = 0, cap = 0, parts_cap = 0;
  *segments = NULL;
  *parts = NULL;
  for (uint32_t i = 0; i < spec->count; i++) {
    if (spec->parts[i] == NO_PART) continue;
    size_t low = 0, high = plan->segment_count; /* segments lie in order of partitions */
    while (low < high) {
      size_t middle = (low + high) / 2;
      if (compare_partition(&plan->segments[middle], spec->parts[i]) < 0) low = middle + 1;
      else high = middle;
    }
    for (; low < plan->segment_count && plan->segments[low].partition == spec->parts[i]; low++) {
      if (spec->files && !spec->files[plan->segments[low].file]) continue;
      VEC_GROW(*segments, count, cap);
      VEC_GROW(*parts, count, parts_cap);
      (*segments)[count] = &plan->segments[low];
      (*parts)[count++] = i;
    }
  }
  return count;
}

void load_progress(const Dataset *node, const Segment *const *segments, size_t count) {
  uint64_t total = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t size = node->load->files.files[segments[i]->file].size, from = segments[i]->from, to = segments[i]->to;
    total += node->load->units ? size : (to < size ? to : size) - (from < size ? from : size);
  }
  atomic_store(&node->engine->progress_total, total);
  atomic_store(&node->engine->progress_bytes, 0);
}

uint8_t *load_choose_files(const Dataset *node, const ReadSpec *spec) {
  const LoadPlan *plan = node->load;
  StatementStats *stats = node->engine->stats;
  const Segment **segments;
  uint32_t *parts;
  uint8_t *asked = dc_alloc(plan->files.count + 1), *chosen = dc_alloc(plan->files.count + 1);
  size_t count = load_segments(plan, spec, &segments, &parts);
  for (size_t i = 0; i < count; i++) asked[segments[i]->file] = 1;
  for (uint32_t f = 0; f < plan->files.count; f++) {
    chosen[f] = asked[f] && (!plan->hive.count || prune_may_match(plan, f, spec, NULL));
    if (stats) stats->files_of += asked[f];
    if (stats) stats->files_read += chosen[f];
  }
  dc_free(asked);
  dc_free(segments);
  dc_free(parts);
  return chosen;
}

bool load_regular(const LoadPlan *plan) {
  for (size_t i = 0; i < plan->files.count; i++)
    if (!plan->files.files[i].regular) return false;
  return true;
}

/* --- Nodes --- */

static Dataset *random_key(Engine *engine, Dataset *input) {
  Dataset *node = node_new(engine, NODE_NARROW, input);
  node->op.program = program_new(engine);
  node->op.share = -1;
  node->op.random_key = true;
  node->keyed = true;
  return node;
}

/* A source over a plan whose files are listed, and what the format puts over it; takes the plan over. */
static DcCode make_source(Engine *engine, LoadPlan *plan, const LoadSpec *spec, Dataset **out, bool *as_asked, DcError *err) {
  const SourceOps *source = plan->file.row->format->source;
  Dataset *node = node_new(engine, NODE_SOURCE, NULL);
  node->load = plan;
  if (hive_find(engine, plan, spec, err) != DC_OK) {
    dataset_unref(node);
    return err->code;
  }
  plan->sources = dc_alloc((plan->files.count + 1) * sizeof *plan->sources);
  if (source->schema(node, err) != DC_OK) {
    dataset_unref(node);
    return dc_position(err, spec->path_pos);
  }
  hive_add_columns(node);
  *as_asked = cut_partitions(node, spec);
  Dataset *top = node;
  LoadSpec own = *spec; /* what the files are asked for */
  own.columns = plan->wanted;
  own.column_count = plan->wanted_count;
  if (source->finish) DC_TRY(source->finish(node, &own, &top, err));
  return hive_finish(node, top, spec, out, err);
}

/* The same with the partitions that CREATE asks for; takes the plan over. */
static DcCode load_node(Engine *engine, LoadPlan *plan, const LoadSpec *spec, Dataset **out, DcError *err) {
  Dataset *node;
  bool as_asked = true;
  DC_TRY(make_source(engine, plan, spec, &node, &as_asked, err));
  uint32_t wanted = spec->partitions ? spec->partitions : node->partitions;
  if (spec->by == BY_RANDOM) return dataset_alter_partition(engine, random_key(engine, node), wanted, out, err);
  if (!as_asked) {
    node = node_new(engine, NODE_RECUT, node);
    node->partitions = wanted;
  }
  *out = node;
  return DC_OK;
}

/* s3directColumnar of 5.5 reads Parquet, too: by the end of the path, and without the parameters of text. */
static Str adapter_of(const LoadSpec *spec, ParamValue *params, size_t *count) {
  bool parquet = str_is(spec->adapter, "s3directColumnar") && spec->path.type == TYPE_STRING && str_ends(value_get_str(spec->path), str_of(".parquet"));
  *count = 0;
  for (size_t i = 0; i < spec->param_count; i++) {
    Str name = spec->params[i].name;
    if (!parquet || !(str_is(name, "delimiter") || str_is(name, "schema_from_file"))) params[(*count)++] = spec->params[i];
  }
  return parquet ? str_of("parquet") : spec->adapter;
}

static DcCode read_options(const LoadSpec *spec, LoadPlan *plan, DcError *err) {
  size_t count;
  ParamValue *params = arena_alloc(&plan->arena, (spec->param_count + 1) * sizeof *params);
  Str adapter = adapter_of(spec, params, &count);
  DC_TRY(file_options(adapter, spec->adapter_pos, params, count, false, &plan->arena, &plan->file, err));
  const SourceOps *source = plan->file.row->format->source;
  if (!source) {
    dc_fail_at(err, DC_FAIL, spec->adapter_pos, "\"%.*s\" writes and does not read", STR_ARG(spec->adapter));
    dc_hint(err, "dcetl --adapters lists what reads");
    return err->code;
  }
  return source->check ? source->check(plan, spec, err) : DC_OK;
}

static DcCode list_input(Engine *engine, const LoadSpec *spec, bool grouped, LoadPlan *plan, DcError *err) {
  const SourceOps *source = plan->file.row->format->source;
  if (!source->list) return listing_expand(spec->path, grouped, plan->file.codec, &plan->file.remote, &plan->arena, &plan->files, err);
  if (!grouped) return source->list(engine, plan, spec, err);
  dc_fail(err, "CREATE … * is for folders of files; \"%s\" has none", plan->file.row->adapter.name);
  dc_hint(err, "name each dataset, or LOOP over the names: CREATE \"p/{$name}\" … FROM $name");
  return err->code;
}

static DcCode load_plan(Engine *engine, const LoadSpec *spec, bool grouped, LoadPlan **out, DcError *err) {
  LoadPlan *plan = dc_alloc(sizeof *plan);
  atomic_init(&plan->refs, 1);
  DcCode code = read_options(spec, plan, err);
  if (code == DC_OK) {
    code = list_input(engine, spec, grouped, plan, err);
    if (code != DC_OK) dc_position(err, spec->path_pos);
  }
  if (code != DC_OK) {
    load_plan_free(plan);
    return code;
  }
  Str *wanted = arena_alloc(&plan->arena, (spec->column_count + 1) * sizeof *wanted);
  for (size_t i = 0; i < spec->column_count; i++) wanted[i] = arena_str(&plan->arena, spec->columns[i]);
  plan->wanted = wanted;
  plan->wanted_count = spec->column_count;
  *out = plan;
  return DC_OK;
}

DcCode dataset_load(Engine *engine, const LoadSpec *spec, Dataset **out, DcError *err) {
  LoadPlan *plan;
  if (spec->partitions > MAX_PARTITIONS) return dc_fail(err, "a dataset has at most %u partitions", MAX_PARTITIONS);
  DC_TRY(load_plan(engine, spec, false, &plan, err));
  return load_node(engine, plan, spec, out, err);
}

static size_t count_groups(const Listing *files) {
  size_t count = 0;
  for (size_t i = 0; i < files->count; i++) count += i == 0 || !str_eq(files->files[i].group, files->files[i - 1].group);
  return count;
}

/* A plan of files [from, to) of all. */
static DcCode group_plan(const LoadSpec *spec, const LoadPlan *all, size_t from, size_t to, LoadPlan **out, DcError *err) {
  LoadPlan *plan = dc_alloc(sizeof *plan);
  atomic_init(&plan->refs, 1);
  Str *wanted = arena_alloc(&plan->arena, (all->wanted_count + 1) * sizeof *wanted);
  for (size_t i = 0; i < all->wanted_count; i++) wanted[i] = arena_str(&plan->arena, all->wanted[i]);
  plan->wanted = wanted;
  plan->wanted_count = all->wanted_count;
  plan->files.files = dc_alloc((to - from) * sizeof *plan->files.files);
  for (size_t i = from; i < to; i++) {
    plan->files.files[plan->files.count++] = input_copy(&all->files.files[i], &plan->arena);
  }
  plan->files.cap = plan->files.count;
  *out = plan;
  return read_options(spec, plan, err);
}

DcCode dataset_load_groups(Engine *engine, const LoadSpec *spec, Arena *arena, Dataset ***out, Str **names, size_t *count, DcError *err) {
  LoadPlan *all;
  DC_TRY(load_plan(engine, spec, true, &all, err));
  size_t groups = count_groups(&all->files), made = 0, from = 0;
  *out = arena_alloc(arena, (groups + 1) * sizeof **out);
  *names = arena_alloc(arena, (groups + 1) * sizeof **names);
  DcCode code = DC_OK;
  while (from < all->files.count && code == DC_OK) {
    size_t to = from + 1;
    while (to < all->files.count && str_eq(all->files.files[to].group, all->files.files[from].group)) to++;
    LoadPlan *plan;
    (*names)[made] = arena_str(arena, all->files.files[from].group);
    code = group_plan(spec, all, from, to, &plan, err);
    if (code == DC_OK) code = load_node(engine, plan, spec, &(*out)[made], err);
    else load_plan_free(plan);
    if (code == DC_OK) made++;
    from = to;
  }
  load_plan_free(all);
  if (code != DC_OK)
    for (size_t i = 0; i < made; i++) dataset_unref((*out)[i]);
  *count = made;
  return code;
}
