/* variables.c - each name has a stack of bindings, innermost on top; each scope has a list of its bindings. */
#include "run/variables.h"

typedef struct Binding Binding;
struct Binding {
  Binding *outer;           /* the hidden binding of the same name */
  Binding *previous, *next; /* in the scope */
  uint32_t symbol, scope;
  Value value; /* NULL only where variables_define put it: an element of a LOOP, a parameter */
  char *text;  /* owned bytes of a STRING or BINARY */
  Arena arena; /* owned parts of other values */
};

typedef struct Scope {
  Binding *first;
  uint32_t lowest; /* the scopes that are seen from here begin with this one */
} Scope;

struct Variables {
  NameMap symbols;
  Binding **tops; /* by symbol */
  uint32_t top_cap;
  Scope *scopes;
  uint32_t scope_count, scope_cap;
  Binding *spare; /* linked by next */
};

Variables *variables_new(void) {
  Variables *variables = dc_alloc(sizeof *variables);
  variables_push(variables);
  return variables;
}

static void drop_value(Binding *binding) {
  if (binding->text) dc_free(binding->text);
  if (binding->arena.head) arena_free(&binding->arena);
  binding->text = NULL;
  binding->value = value_null();
}

/* The new value is copied before the old one goes: it may be a part of it. */
static void assign(Binding *binding, Value value) {
  Binding copy = {.value = value};
  switch ((Type)value.type) {
    case TYPE_STRING: case TYPE_BINARY:
      copy.text = dc_alloc((size_t)value.len + 1);
      if (value.len) memcpy(copy.text, value.as.s, value.len);
      copy.value.as.s = copy.text;
      break;
    case TYPE_DECIMAL: case TYPE_ARRAY: case TYPE_OBJECT:
      copy.value = value_copy(&copy.arena, value);
      break;
    case TYPE_NULL: case TYPE_BOOL: case TYPE_INT: case TYPE_DOUBLE: case TYPE_DATE: case TYPE_TIME:
    case TYPE_TIMESTAMP: case TYPE_COUNT:
      break;
  }
  drop_value(binding);
  binding->value = copy.value;
  binding->text = copy.text;
  binding->arena = copy.arena;
}

/* The binding must be the top one of its name. */
static void remove_binding(Variables *variables, Binding *binding) {
  variables->tops[binding->symbol] = binding->outer;
  if (binding->previous) binding->previous->next = binding->next;
  else variables->scopes[binding->scope].first = binding->next;
  if (binding->next) binding->next->previous = binding->previous;
  drop_value(binding);
  binding->next = variables->spare;
  variables->spare = binding;
}

static void push(Variables *variables, uint32_t lowest) {
  VEC_GROW(variables->scopes, variables->scope_count, variables->scope_cap);
  variables->scopes[variables->scope_count++] = (Scope){NULL, lowest};
}

static uint32_t lowest_scope(const Variables *variables) { return variables->scope_count ? variables->scopes[variables->scope_count - 1].lowest : 0; }

void variables_push(Variables *variables) { push(variables, lowest_scope(variables)); }

void variables_push_closed(Variables *variables) { push(variables, variables->scope_count); }

void variables_pop(Variables *variables) {
  Binding **first = &variables->scopes[variables->scope_count - 1].first;
  while (*first) remove_binding(variables, *first);
  variables->scope_count--;
}

void variables_free(Variables *variables) {
  if (!variables) return;
  while (variables->scope_count) variables_pop(variables);
  for (Binding *binding = variables->spare, *next; binding; binding = next) {
    next = binding->next;
    dc_free(binding);
  }
  dc_free(variables->scopes);
  dc_free(variables->tops);
  name_map_free(&variables->symbols);
  dc_free(variables);
}

static Binding *top_of(const Variables *variables, Str name) {
  uint32_t symbol = name_map_find(&variables->symbols, name);
  Binding *top = symbol == NAME_NONE ? NULL : variables->tops[symbol];
  return top && top->scope >= lowest_scope(variables) ? top : NULL;
}

static Binding *add_binding(Variables *variables, Str name) {
  uint32_t symbol = name_map_add(&variables->symbols, name);
  while (symbol >= variables->top_cap) {
    uint32_t cap = variables->top_cap ? variables->top_cap * 2 : 16;
    variables->tops = dc_realloc(variables->tops, cap * sizeof *variables->tops);
    memset(variables->tops + variables->top_cap, 0, (cap - variables->top_cap) * sizeof *variables->tops);
    variables->top_cap = cap;
  }
  Binding *binding = variables->spare;
  if (binding) variables->spare = binding->next;
  else binding = dc_alloc(sizeof *binding);
  uint32_t scope = variables->scope_count - 1;
  *binding = (Binding){.outer = variables->tops[symbol], .next = variables->scopes[scope].first, .symbol = symbol, .scope = scope};
  if (binding->next) binding->next->previous = binding;
  variables->scopes[scope].first = variables->tops[symbol] = binding;
  return binding;
}

void variables_set(Variables *variables, Str name, Value value) {
  Binding *binding = top_of(variables, name);
  if (value_is_null(value)) {
    if (binding) remove_binding(variables, binding);
    return;
  }
  assign(binding ? binding : add_binding(variables, name), value);
}

void variables_define(Variables *variables, Str name, Value value) {
  Binding *binding = top_of(variables, name);
  if (!binding || binding->scope != variables->scope_count - 1) binding = add_binding(variables, name);
  assign(binding, value);
}

bool variables_get(const Variables *variables, Str name, Value *out) {
  Binding *binding = top_of(variables, name);
  if (!binding) return false;
  *out = binding->value;
  return true;
}

void variables_each(const Variables *variables, void (*visit)(void *self, Str name), void *self) {
  uint32_t lowest = lowest_scope(variables);
  for (uint32_t i = 0; i < variables->symbols.count; i++)
    if (variables->tops[i] && variables->tops[i]->scope >= lowest && !value_is_null(variables->tops[i]->value)) visit(self, variables->symbols.names[i]);
}
