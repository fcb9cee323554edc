/* catalog.c - one table of all operators and functions, filled once at start and read-only from then on. */
#include "catalog/catalog.h"

#include "base/regex.h"

typedef struct OperatorName {
  Str name;
  const Operator *op;
} OperatorName;

static struct {
  const Package *const *packages;
  size_t package_count;
  OperatorName *operators; /* one entry for a name or alias */
  size_t operator_count, operator_cap;
  const Function **functions; /* open addressing, size is a power of two */
  size_t function_slots;
} catalog;

static size_t hash_name(Str name) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (size_t i = 0; i < name.len; i++) hash = (hash ^ (unsigned char)name.data[i]) * 16777619u;
  return hash;
}

static void add_operator_name(Str name, const Operator *op) {
  VEC_GROW(catalog.operators, catalog.operator_count, catalog.operator_cap);
  catalog.operators[catalog.operator_count++] = (OperatorName){name, op};
}

static void add_operator(const Operator *op) {
  add_operator_name(str_of(op->name), op);
  const char *p = op->aliases;
  while (p && *p) {
    size_t len = strcspn(p, " ");
    if (len) add_operator_name(str_make(p, len), op);
    p += len + (p[len] == ' ');
  }
}

static void add_function(const Function *function) {
  size_t slot = hash_name(str_of(function->name)) & (catalog.function_slots - 1);
  while (catalog.functions[slot]) slot = (slot + 1) & (catalog.function_slots - 1);
  catalog.functions[slot] = function;
}

void catalog_init(const Package *const *packages, size_t count) {
  dc_free(catalog.operators);
  dc_free(catalog.functions);
  memset(&catalog, 0, sizeof catalog);
  catalog.packages = packages;
  catalog.package_count = count;
  size_t functions = 0;
  for (size_t i = 0; i < count; i++) functions += packages[i]->function_count;
  catalog.function_slots = 64;
  while (catalog.function_slots < functions * 2 + 1) catalog.function_slots *= 2;
  catalog.functions = dc_alloc(catalog.function_slots * sizeof *catalog.functions);
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < packages[i]->operator_count; j++) add_operator(&packages[i]->operators[j]);
    for (size_t j = 0; j < packages[i]->function_count; j++) add_function(&packages[i]->functions[j]);
  }
}

const Package *const *catalog_packages(size_t *count) {
  *count = catalog.package_count;
  return catalog.packages;
}

const Function *catalog_function(Str name) {
  if (!catalog.function_slots) return NULL;
  for (size_t slot = hash_name(name) & (catalog.function_slots - 1); catalog.functions[slot]; slot = (slot + 1) & (catalog.function_slots - 1))
    if (str_is(name, catalog.functions[slot]->name)) return catalog.functions[slot];
  return NULL;
}

const Operator *catalog_operator(Str text, Fixity fixity) {
  for (size_t i = 0; i < catalog.operator_count; i++)
    if (catalog.operators[i].op->fixity == fixity && str_eq_nocase(catalog.operators[i].name, text)) return catalog.operators[i].op;
  return NULL;
}

static bool is_symbol(char c) { return memchr("!#%&*+-/:<=>?@^|~", c, 17) != NULL; }

size_t catalog_operator_symbol(Str text) {
  size_t longest = 0;
  if (!text.len || !is_symbol(text.data[0])) return 0;
  for (size_t i = 0; i < catalog.operator_count; i++) {
    Str name = catalog.operators[i].name;
    if (catalog.operators[i].op->fixity == FIX_TERNARY && name.len && is_symbol(name.data[0])) name.len = 1; /* the "?" of "?:" stands alone */
    if (name.len > longest && is_symbol(name.data[0]) && str_starts(text, name)) longest = name.len;
  }
  return longest;
}

void call_context_deinit(CallContext *cx) {
  regex_cache_free(cx->regexes);
  cx->regexes = NULL;
  if (cx->datetimes) cx->datetimes->free(cx->datetimes);
  cx->datetimes = NULL;
}
