/* stmt_build.h - what the grammar calls to make statements. Everything lives in the unit's arena. */
#ifndef LANG_STMT_BUILD_H
#define LANG_STMT_BUILD_H

#include "lang/parse_internal.h"

/* Things that exist only while a statement is being read. */
typedef struct CreateOptions { const Expr *partitions; LoadBy by; bool has_by; } CreateOptions;
typedef struct SelectBuild { Select *select; const Token *first; } SelectBuild;
typedef struct CallInput { Name alias; Scope scope; } CallInput;
typedef struct RecordNames { Str key, object; } RecordNames;
typedef struct FunctionBody { const Expr *expr; Block block; } FunctionBody;
typedef struct Bound { FrameBound kind; const Expr *offset; } Bound;

/* Lists: NULL is the empty list; the element is copied in. */
List *list_stmt(Run *run, List *list, Stmt *stmt, const Token *end);
List *list_param(Run *run, List *list, const Param *param);
List *list_name(Run *run, List *list, const Token *name);
List *list_scope(Run *run, List *list, const Scope *scope);
List *list_item(Run *run, List *list, const SelectItem *item);
List *list_sort(Run *run, List *list, const SortItem *item);
List *list_alteration(Run *run, List *list, const Alteration *alteration);
List *list_level(Run *run, List *list, const LevelList *level);
List *list_input(Run *run, List *list, const CallInput *input);
List *list_target(Run *run, List *list, const Target *target);
List *list_expr(Run *run, List *list, const Expr *expr);
Block block_make(const List *stmts);

Param *param_new(Run *run, const Token *name, const Expr *value, const Token *comment, const Token *comment_behind);
Invocation *invocation_new(Run *run, const Token *name, const List *params, const Token *last);
void invocation_level(Run *run, Invocation *invocation, const LevelList *level);
LevelList *level_names(Run *run, const Token *level, const List *names, const Token *last);
LevelList *level_variable(Run *run, const Token *level, const Token *variable, const Token *last);
Level level_of(const Token *level);

Scope *scope_dataset(Run *run, const Token *name, const Token *star, const Expr *parts, const Token *alias);
Scope *scope_union(Run *run, const Token *first, const Token *kind, const List *inputs);
Scope *scope_join(Run *run, const Token *first, const Token *side, const Token *anti, const List *inputs);
Target *target_new(Run *run, const Token *name, const Token *star);
Target *target_alias(Run *run, const Token *alias, Target *target);

Stmt *stmt_new(Run *run, StmtKind kind, const Token *first);
CreateOptions *create_options_new(Run *run);
void create_option_partition(Run *run, CreateOptions *options, const Token *word, const Expr *partitions);
void create_option_by(Run *run, CreateOptions *options, const Token *by);
Stmt *stmt_create(Run *run, const Token *first, const Token *name, const Token *star, const Invocation *adapter, const Expr *path, const CreateOptions *options);
Stmt *stmt_copy(Run *run, const Token *first, const List *scopes, const Invocation *adapter, const Expr *path);
Alteration *alteration_new(Run *run, AlterationKind kind, const Token *first, const Expr *expr);
Alteration *alteration_transform(Run *run, const Token *word, const Invocation *transform);
Alteration *alteration_level(Run *run, const LevelList *level);
Stmt *stmt_alter(Run *run, const Token *first, const Token *name, const Token *star, const List *items, const Target *into);
SelectItem *item_new(Run *run, const Expr *expr, const Token *level, const Token *alias);
SortItem *sort_new(Run *run, const Expr *expr, const Token *direction, const Token *nulls);
SelectBuild *select_new(Run *run, const Token *first, int distinct, const List *items);
void select_from(Run *run, SelectBuild *build, const Scope *scope);
void select_into(Run *run, SelectBuild *build, const Target *target);
void select_where(Run *run, SelectBuild *build, const Token *word, const Token *level, const Expr *where);
void select_group(Run *run, SelectBuild *build, const Token *word, const List *exprs);
void select_having(Run *run, SelectBuild *build, const Token *word, const Expr *having);
void select_order(Run *run, SelectBuild *build, const Token *word, const List *sorts);
void select_limit(Run *run, SelectBuild *build, const Token *word, const Expr *limit, const Token *percent);
Stmt *stmt_select(Run *run, const SelectBuild *build);
Stmt *stmt_split(Run *run, const Token *first, const Scope *scope, const List *by, const Target *into, const Expr *partitions);
Stmt *stmt_call(Run *run, const Token *first, const Invocation *call);
CallInput *call_input(Run *run, const Token *alias, const Scope *scope);
void call_inputs(Run *run, Stmt *stmt, const List *inputs);
void call_outputs(Run *run, Stmt *stmt, const List *outputs);
Stmt *stmt_exec(Run *run, const Token *first, const Invocation *system, const Expr *statement, const Expr *values, const Token *into);
Stmt *stmt_analyze(Run *run, const Token *first, const Token *name, const Token *star, const Expr *key, const Token *partition);
Stmt *stmt_expect(Run *run, const Token *first, const Scope *scope, const Expr *where, const Expr *at_least, const Stmt *raise);

Stmt *stmt_let(Run *run, const Token *first, const Token *variable, const Expr *value);
Stmt *stmt_let_select(Run *run, const Token *first, const Token *variable, const SelectBuild *build);
Stmt *stmt_expr(Run *run, StmtKind kind, const Token *first, const Expr *expr); /* EXPR (first may be NULL), RETURN */
Stmt *stmt_if(Run *run, const Token *first, const Expr *condition, const List *body);
void stmt_elseif(Run *run, Stmt *stmt, const Expr *condition, const List *body);
Stmt *stmt_else(Run *run, Stmt *stmt, const List *body); /* IF and LOOP */
Stmt *stmt_loop(Run *run, const Token *first, const Token *variable, const Expr *values, const List *body);
Stmt *stmt_while(Run *run, const Token *first, const Expr *condition, const List *body);
Stmt *stmt_raise(Run *run, const Token *first, const Token *level, const Expr *message);
Stmt *stmt_try(Run *run, const Token *first, const List *body, const Token *caught, const List *handler);
Stmt *stmt_block(Run *run, const Token *first, const List *body);

RecordNames *record_names(Run *run, const Token *key, const Token *object);
FunctionBody *function_body(Run *run, const Expr *expr, const List *stmts);
Stmt *stmt_procedure(Run *run, const Token *first, const Token *name, const List *params, const Token *comment, const List *body);
Stmt *stmt_function(Run *run, const Token *first, const Token *name, const List *params, const RecordNames *record, const Token *comment, const FunctionBody *body);
Stmt *stmt_transform(Run *run, const Token *first, const Token *name, const List *params, const List *from, const Token *into, const List *levels, const Token *comment, const List *body);
Stmt *stmt_definition(Run *run, Stmt *stmt, const Token *create, const Token *replace); /* create may be NULL */
Stmt *stmt_fetch(Run *run, const Token *first, const RecordNames *names);
Stmt *stmt_yield(Run *run, const Token *first, const Expr *key, const Expr *object);
Stmt *stmt_drop(Run *run, const Token *first, const Token *what, const List *names);

Stmt *stmt_options(Run *run, const Token *first, const List *params);
Stmt *stmt_include(Run *run, const Token *first, const Token *path);
Stmt *stmt_explain(Run *run, const Token *first, Stmt *inner);
Stmt *stmt_describe(Run *run, const Token *first, const Token *name);
Stmt *stmt_show(Run *run, const Token *first, const Token *what);

Window *window_new(Run *run, const List *partition_by, const List *order_by);
Window *window_frame(Run *run, Window *window, const Bound *from, const Bound *to);
Bound *bound_new(Run *run, FrameBound kind, const Expr *offset);

#endif
