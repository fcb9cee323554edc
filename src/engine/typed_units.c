/* typed_units.c - opening many files of typed columns, and which of their units (row groups) a pass has to read: those that
 * its partitions have and whose statistics do not rule out its conditions. Files are opened by all workers; what is found
 * is put together in the order of the files, and so are errors: the first file that is wrong counts.
 */
#include "base/pool.h"
#include "engine/prune.h"
#include "engine/typed_format.h"

enum { MOST_KEPT = 64 }; /* files that stay open from the look at their statistics until they are read */

/* --- All files --- */

typedef struct Visit {
  Dataset *node;
  const uint32_t *files;
  size_t count;
  TypedLook look;
  void *self;
  atomic_size_t next;
  atomic_bool failed;
  pthread_mutex_t lock;
  size_t failed_at;
  DcError *err;
} Visit;

static DcCode visit_one(Visit *visit, size_t at, DcError *err) {
  TypedInput *input;
  if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  DC_TRY(typed_input_take(visit->node->engine, visit->node->load, visit->files[at], &input, err));
  DcCode code = visit->look(visit->self, at, input, err);
  typed_input_close(input);
  return code;
}

/* Files are taken in order, so all before one that fails have been taken, too. */
static void visit_work(void *argument, int worker) {
  Visit *visit = argument;
  (void)worker;
  while (!atomic_load(&visit->failed)) {
    size_t at = atomic_fetch_add(&visit->next, 1);
    DcError err = {0};
    if (at >= visit->count) break;
    if (visit_one(visit, at, &err) == DC_OK) continue;
    atomic_store(&visit->failed, true);
    pthread_mutex_lock(&visit->lock);
    if (at < visit->failed_at) *visit->err = err;
    if (at < visit->failed_at) visit->failed_at = at;
    pthread_mutex_unlock(&visit->lock);
  }
}

DcCode typed_each(Dataset *node, const uint32_t *files, size_t count, TypedLook look, void *self, DcError *err) {
  Pool *pool = node->engine->pool;
  Visit visit = {.node = node, .files = files, .count = count, .look = look, .self = self, .failed_at = count, .err = err};
  size_t threads = load_regular(node->load) ? (size_t)pool_threads(pool) : 1;
  if (!count) return DC_OK;
  pthread_mutex_init(&visit.lock, NULL);
  pool_run(pool, (int)(threads < count ? threads : count), visit_work, &visit);
  pthread_mutex_destroy(&visit.lock);
  return visit.failed_at < count ? err->code : DC_OK;
}

/* --- Units --- */

static void add_work(TypedWorkList *to, uint32_t segment, uint32_t unit, uint64_t rows, uint64_t first_row) {
  if (!rows) return;
  VEC_GROW(to->list, to->count, to->cap);
  to->list[to->count++] = (TypedWork){.segment = segment, .unit = unit, .rows = rows, .first_row = first_row};
}

/* CREATE counted them. */
static void list_known(const LoadPlan *plan, const Segment *const *segments, size_t count, TypedWorkList *out) {
  for (uint32_t i = 0; i < count; i++) {
    const Segment *segment = segments[i];
    size_t at = 0;
    while (at < plan->unit_count && plan->units[at].file < segment->file) at++;
    for (uint64_t row = 0; at < plan->unit_count && plan->units[at].file == segment->file; row += plan->units[at++].rows)
      if (plan->units[at].number >= segment->from && plan->units[at].number < segment->to) add_work(out, i, plan->units[at].number, plan->units[at].rows, row);
  }
}

/* A unit whose statistics are looked into. */
typedef struct Bounds {
  const TypedInput *input;
  uint32_t unit;
  uint64_t rows;
  const int *fields; /* of the node's columns */
} Bounds;

static bool column_bounds(void *self, uint32_t column, Arena *arena, ColumnBounds *out) {
  const Bounds *bounds = self;
  const TableModule *module = typed_input_module(bounds->input);
  const struct ArrowSchema *type = typed_input_schema(bounds->input)->children[bounds->fields[column]];
  struct ArrowArray array = {0};
  int64_t nulls = -1;
  DcError ignored = {0}; /* a bound that cannot be read says nothing */
  if (!module->bounds || !module->bounds(typed_input_file(bounds->input), bounds->unit, (uint32_t)bounds->fields[column], &array, &nulls)) return false;
  *out = (ColumnBounds){.nulls = nulls != 0, .values = nulls < 0 || (uint64_t)nulls < bounds->rows};
  bool known = array.length == 2 && arrow_value(type, &array, 0, arena, &out->min, &ignored) == DC_OK &&
               arrow_value(type, &array, 1, arena, &out->max, &ignored) == DC_OK;
  if (array.release) array.release(&array);
  if (!known) out->min = out->max = value_null();
  return known || nulls >= 0;
}

/* Segments of one file, one behind the other. */
typedef struct Group {
  uint32_t first, end;
  TypedWorkList found;
  TypedInput *input; /* kept */
} Group;

typedef struct Search {
  Dataset *node;
  const ReadSpec *spec;
  const Segment *const *segments;
  Group *groups;
  size_t count;
  bool keeps; /* files stay open */
} Search;

static void list_units(const Search *search, uint32_t index, const TypedInput *input, const int *fields, TypedWorkList *out) {
  const Segment *segment = search->segments[index];
  const TableModule *module = typed_input_module(input);
  Bounds bounds = {.input = input, .fields = fields};
  uint64_t row = 0;
  for (uint32_t u = 0; u < module->units(typed_input_file(input)); u++, row += bounds.rows) {
    TableUnit unit = {0};
    module->unit(typed_input_file(input), u, &unit);
    bounds.unit = u;
    bounds.rows = unit.rows;
    PartBounds own = {&bounds, column_bounds};
    bool wanted = u >= segment->from && u < segment->to;
    if (wanted && fields) wanted = prune_may_match(search->node->load, segment->file, search->spec, &own);
    if (wanted) add_work(out, index, u, unit.rows, row);
  }
}

static DcCode look_into(void *self, size_t at, TypedInput *input, DcError *err) {
  const Search *search = self;
  Group *group = &search->groups[at];
  Arena arena = {0};
  int *fields = NULL; /* NULL: nothing is left out */
  uint32_t count;
  bool prune = search->spec->filter_count && !((const TypedOptions *)search->node->load->file.own)->structured;
  DcCode code = prune ? typed_fields(search->node, input, &arena, &fields, &count, err) : DC_OK;
  for (uint32_t i = group->first; i < group->end && code == DC_OK; i++) list_units(search, i, input, fields, &group->found);
  if (code == DC_OK && search->keeps && group->found.count) group->input = typed_input_ref(input);
  arena_free(&arena);
  return code;
}

static void find_groups(Search *search, size_t count, uint32_t *files) {
  for (uint32_t i = 0; i < count; i++) {
    if (!i || search->segments[i]->file != search->segments[i - 1]->file) {
      files[search->count] = search->segments[i]->file;
      search->groups[search->count++].first = i;
    }
    search->groups[search->count - 1].end = i + 1;
  }
}

/* Also after a failure: what the groups hold goes over to the list. */
static void gather(const Search *search, size_t segment_count, TypedWorkList *out) {
  if (search->keeps) out->inputs = dc_alloc((segment_count + 1) * sizeof *out->inputs);
  out->input_count = search->keeps ? segment_count : 0;
  for (size_t g = 0; g < search->count; g++) {
    Group *group = &search->groups[g];
    for (size_t i = 0; i < group->found.count; i++) {
      const TypedWork *work = &group->found.list[i];
      add_work(out, work->segment, work->unit, work->rows, work->first_row);
    }
    for (uint32_t i = group->first; i < group->end && group->input; i++) out->inputs[i] = typed_input_ref(group->input);
    typed_input_close(group->input);
    typed_work_free(&group->found);
  }
}

DcCode typed_list_work(Dataset *node, const ReadSpec *spec, const Segment *const *segments, size_t count, TypedWorkList *out, DcError *err) {
  if (node->load->units && !spec->filter_count) {
    list_known(node->load, segments, count, out);
    return DC_OK;
  }
  Search search = {.node = node, .spec = spec, .segments = segments};
  uint32_t *files = dc_alloc((count + 1) * sizeof *files);
  search.groups = dc_alloc((count + 1) * sizeof *search.groups);
  find_groups(&search, count, files);
  const TypedOptions *options = node->load->file.own;
  bool costly = options->format->reading != NULL; /* an open file is a process */
  search.keeps = !load_regular(node->load) || (search.count <= MOST_KEPT && !costly);
  DcCode code = typed_each(node, files, search.count, look_into, &search, err);
  gather(&search, count, out);
  dc_free(search.groups);
  dc_free(files);
  return code;
}

void typed_work_free(TypedWorkList *work) {
  for (size_t i = 0; i < work->input_count; i++) typed_input_close(work->inputs[i]);
  dc_free(work->inputs);
  dc_free(work->list);
  *work = (TypedWorkList){0};
}
