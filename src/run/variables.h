/* variables.h - variables and their scopes (language.md § 6).
 *
 * Values are deep copies owned by the variable and given back when it is assigned again, removed, or its scope ends.
 * Reading is one hash lookup whatever the depth of scopes.
 */
#ifndef RUN_VARIABLES_H
#define RUN_VARIABLES_H

#include "run/name_map.h"
#include "value/value.h"

typedef struct Variables Variables;

Variables *variables_new(void); /* with the outermost scope */
void variables_free(Variables *variables);

void variables_push(Variables *variables); /* opens a scope */
void variables_pop(Variables *variables);
/* Opens a scope from which nothing outside is seen or changed; pop ends that. */
void variables_push_closed(Variables *variables);

/* LET: changes the variable where it is known, else makes it in the innermost scope. NULL removes it. The value may
   lie in the variable's own old value. */
void variables_set(Variables *variables, Str name, Value value);
/* Makes the variable in the innermost scope, hiding outer ones; NULL is a value here (loop variables, parameters). */
void variables_define(Variables *variables, Str name, Value value);
/* false: undefined. The value stays valid until the variable is changed. */
bool variables_get(const Variables *variables, Str name, Value *out);
/* Calls visit for the name of every defined variable. */
void variables_each(const Variables *variables, void (*visit)(void *self, Str name), void *self);

#endif
