/* tdl.y - the grammar of TDL, for lemon. Every action is one call: stmt_build.c and expr_build.c make the nodes, check.c
 * gives the messages about what is accepted here but makes no sense. Words that are keywords only in places have been
 * sorted out by words.c. Operators have no precedence here: an expression is a flat list, which expr_parse.c climbs
 * by the operator rows of the catalog. There must be no conflict. */
%name tdl_parse
%token_prefix TK_
%token_type {const Token *}
%default_type {const Token *}
%extra_argument {Run *run}
%stack_size 0
%include {
#include "lang/stmt_build.h"
static void tdl_unexpected(Run *run);
}
%syntax_error { tdl_unexpected(run); (void)TOKEN; }
%stack_overflow { parse_error(run, run->tokens[run->at].pos, "this script is nested too deeply"); }

/* Kinds that only the lexer makes. */
%token BAD.
/* Where an operator word makes no sense it is a name: "COPY x json() INTO 'y'". */
%fallback NAME PREFIX INFIX.
/* "PARTITION a" is a number of partitions, not PARTITION and a transform a. */
%left BARE.
%left NAME QNAME PREFIX INFIX.

script ::= stmts(A). { run->block = block_make(A); }
script ::= EXPRESSION expr(A). { run->value = A; }

%type stmts {List *}
stmts(A) ::= . { A = NULL; }
stmts(A) ::= stmts(A) stmt(B) SEMI(Z). { A = list_stmt(run, A, B, Z); }
stmts(A) ::= stmts(A) SEMI.
stmts(A) ::= stmts(A) error SEMI.

%type stmt {Stmt *}

/* ---- data sets in and out ---- */
stmt(A) ::= CREATE(K) ds name(N) star(S) invocation(I) FROM expr(P) create_options(O). { A = stmt_create(run, K, N, S, I, P, O); }
stmt(A) ::= LOAD(K) ds name(N) star(S) invocation(I) FROM expr(P) create_options(O). { A = stmt_create(run, K, N, S, I, P, O); }
%type create_options {CreateOptions *}
create_options(A) ::= . { A = create_options_new(run); }
create_options(A) ::= create_options(A) PARTITION(K) expr(E). { create_option_partition(run, A, K, E); }
create_options(A) ::= create_options(A) BY name(N). { create_option_by(run, A, N); }

stmt(A) ::= COPY(K) ds scopes(L) invocation(I) INTO expr(P). { A = stmt_copy(run, K, L, I, P); }

%type invocation {Invocation *}
invocation(A) ::= invocation_head(A).
invocation(A) ::= invocation(A) level_list(L). { invocation_level(run, A, L); }
%type invocation_head {Invocation *}
invocation_head(A) ::= name(N). { A = invocation_new(run, N, NULL, N); }
invocation_head(A) ::= name(N) LP params0(P) RP(Z). { A = invocation_new(run, N, P, Z); }
%type level_list {LevelList *}
level_list(A) ::= set_level LEVEL(L) columns LP names(N) RP(Z). { A = level_names(run, L, N, Z); }
level_list(A) ::= set_level LEVEL(L) columns LP VAR(V) RP(Z). { A = level_variable(run, L, V, Z); }
level_list(A) ::= set_level LEVEL(L) columns VAR(V). { A = level_variable(run, L, V, V); }
set_level ::= .
set_level ::= SET_LEVEL.
columns ::= .
columns ::= COLUMNS.

%type params0 {List *}
params0(A) ::= . { A = NULL; }
params0(A) ::= params(A).
%type params {List *}
params(A) ::= param(P). { A = list_param(run, NULL, P); }
params(A) ::= params(A) COMMA param(P). { A = list_param(run, A, P); }
%type param {Param *}
param(A) ::= PARAM(N) EQ expr(E). { A = param_new(run, N, E, NULL, NULL); }

ds ::= .
ds ::= DS.
star(A) ::= . { A = NULL; }
star(A) ::= STAR(A).
name(A) ::= NAME|QNAME(N). { A = N; }
%type names {List *}
names(A) ::= name(N). { A = list_name(run, NULL, N); }
names(A) ::= names(A) COMMA name(N). { A = list_name(run, A, N); }

/* ---- scopes: UNION and JOIN take all commas behind them, so they stand last or in parentheses ---- */
%type scope {Scope *}
scope(A) ::= scope_one(A).
scope(A) ::= scope_joined(A).
%type scope_one {Scope *}
scope_one(A) ::= name(N) star(S) scope_parts(P) scope_alias(B). { A = scope_dataset(run, N, S, P, B); }
scope_one(A) ::= LP scope_joined(B) RP. { A = B; }
scope_alias(A) ::= . { A = NULL; }
scope_alias(A) ::= AS name(B). { A = B; }
%type scope_parts {const Expr *}
scope_parts(A) ::= . { A = NULL; }
scope_parts(A) ::= PARTITION expr(B). { A = B; }
%type scope_joined {Scope *}
scope_joined(A) ::= UNION(K) union_kind(X) scope_list(L). { A = scope_union(run, K, X, L); }
scope_joined(A) ::= JOIN(K) scope_list(L). { A = scope_join(run, K, NULL, NULL, L); }
scope_joined(A) ::= SIDE(S) JOIN scope_list(L). { A = scope_join(run, S, S, NULL, L); }
scope_joined(A) ::= SIDE(S) ANTI(X) JOIN scope_list(L). { A = scope_join(run, S, S, X, L); }
union_kind(A) ::= . { A = NULL; }
union_kind(A) ::= UNION_KIND(A).
%type scope_list {List *}
scope_list(A) ::= scope_one(S). { A = list_scope(run, NULL, S); }
scope_list(A) ::= scope_list(A) COMMA scope_one(S). { A = list_scope(run, A, S); }
%type scopes {List *}
scopes(A) ::= scope_list(A).
scopes(A) ::= scope_joined(S). { A = list_scope(run, NULL, S); }
scopes(A) ::= scope_list(A) COMMA scope_joined(S). { A = list_scope(run, A, S); }

%type target {Target *}
target(A) ::= name(N) star(S). { A = target_new(run, N, S); }

/* ---- work on data sets ---- */
stmt(A) ::= ALTER(K) ds name(N) star(S) alterations(L) alter_into(T). { A = stmt_alter(run, K, N, S, L, T); }
%type alter_into {Target *}
alter_into(A) ::= . { A = NULL; }
alter_into(A) ::= INTO target(B). { A = B; }
%type alterations {List *}
alterations(A) ::= alteration(B). { A = list_alteration(run, NULL, B); }
alterations(A) ::= alterations(A) alteration(B). { A = list_alteration(run, A, B); }
%type alteration {Alteration *}
alteration(A) ::= TRANSFORM(K) invocation_head(I). { A = alteration_transform(run, K, I); }
alteration(A) ::= invocation_head(I). { A = alteration_transform(run, NULL, I); }
alteration(A) ::= level_list(L). { A = alteration_level(run, L); }
alteration(A) ::= SET(K) KEY expr(E). { A = alteration_new(run, ALTER_KEY, K, E); }
alteration(A) ::= KEY(K) expr(E). { A = alteration_new(run, ALTER_KEY, K, E); }
alteration(A) ::= PARTITION(K). [BARE] { A = alteration_new(run, ALTER_PARTITION, K, NULL); }
alteration(A) ::= PARTITION(K) expr(E). { A = alteration_new(run, ALTER_PARTITION, K, E); }

stmt(A) ::= select(S). { A = stmt_select(run, S); }
%type select {SelectBuild *}
select(A) ::= SELECT(K) distinct(D) items(L). { A = select_new(run, K, D, L); }
select(A) ::= select(A) FROM scope(S). { select_from(run, A, S); }
select(A) ::= select(A) INTO target(T). { select_into(run, A, T); }
select(A) ::= select(A) WHERE(K) level(L) expr(E). { select_where(run, A, K, L, E); }
select(A) ::= select(A) GROUP(K) BY exprs(L). { select_group(run, A, K, L); }
select(A) ::= select(A) HAVING(K) expr(E). { select_having(run, A, K, E); }
select(A) ::= select(A) ORDER(K) BY sorts(L). { select_order(run, A, K, L); }
select(A) ::= select(A) LIMIT|SAMPLE(K) expr(E). { select_limit(run, A, K, E, NULL); }
select(A) ::= select(A) LIMIT|SAMPLE(K) expr(E) PERCENT(P). { select_limit(run, A, K, E, P); }
%type distinct {int}
distinct(A) ::= . { A = 0; }
distinct(A) ::= DISTINCT. { A = 1; }
distinct(A) ::= DISTINCT KEY. { A = 2; }
level(A) ::= . { A = NULL; }
level(A) ::= LEVEL(A).
%type items {List *}
items(A) ::= item(I). { A = list_item(run, NULL, I); }
items(A) ::= items(A) COMMA item(I). { A = list_item(run, A, I); }
%type item {SelectItem *}
item(A) ::= STAR(S). { A = item_new(run, expr_star(run, S), NULL, NULL); }
item(A) ::= expr(E). { A = item_new(run, E, NULL, NULL); }
item(A) ::= expr(E) AS level(L) name(N). { A = item_new(run, E, L, N); }
%type sorts {List *}
sorts(A) ::= sort(S). { A = list_sort(run, NULL, S); }
sorts(A) ::= sorts(A) COMMA sort(S). { A = list_sort(run, A, S); }
%type sort {SortItem *}
sort(A) ::= expr(E) direction(D) nulls(N). { A = sort_new(run, E, D, N); }
direction(A) ::= . { A = NULL; }
direction(A) ::= ASC|DESC(D). { A = D; }
nulls(A) ::= . { A = NULL; }
nulls(A) ::= NULLS FIRST|LAST(N). { A = N; }

stmt(A) ::= SPLIT(K) ds scope(S) BY items(L) INTO target(T) split_parts(P). { A = stmt_split(run, K, S, L, T, P); }
%type split_parts {const Expr *}
split_parts(A) ::= . { A = NULL; }
split_parts(A) ::= PARTITION expr(B). { A = B; }

stmt(A) ::= call(A).
%type call {Stmt *}
call(A) ::= CALL(K) invocation_head(I). { A = stmt_call(run, K, I); }
stmt(A) ::= CALL(K) name(N) LP params0(P) RP(Z) expr(E) using(U) exec_into(V). { A = stmt_exec(run, K, invocation_new(run, N, P, Z), E, U, V); }
%type using {const Expr *}
using(A) ::= . { A = NULL; }
using(A) ::= USING expr(B). { A = B; }
exec_into(A) ::= . { A = NULL; }
exec_into(A) ::= INTO VAR(B). { A = B; }
call(A) ::= call(A) INPUT from_word inputs(L). { call_inputs(run, A, L); }
call(A) ::= call(A) OUTPUT outputs(L). { call_outputs(run, A, L); }
%type inputs {List *}
inputs(A) ::= input_list(A).
inputs(A) ::= input_joined(I). { A = list_input(run, NULL, I); }
inputs(A) ::= input_list(A) COMMA input_joined(I). { A = list_input(run, A, I); }
%type input_list {List *}
input_list(A) ::= input(I). { A = list_input(run, NULL, I); }
input_list(A) ::= input_list(A) COMMA input(I). { A = list_input(run, A, I); }
%type input {CallInput *}
input(A) ::= scope_one(S). { A = call_input(run, NULL, S); }
input(A) ::= name(N) from_word scope_one(S). { A = call_input(run, N, S); }
%type input_joined {CallInput *}
input_joined(A) ::= scope_joined(S). { A = call_input(run, NULL, S); }
input_joined(A) ::= name(N) from_word scope_joined(S). { A = call_input(run, N, S); }
from_word ::= .
from_word ::= FROM.
%type outputs {List *}
outputs(A) ::= output(T). { A = list_target(run, NULL, T); }
outputs(A) ::= outputs(A) COMMA output(T). { A = list_target(run, A, T); }
%type output {Target *}
output(A) ::= target(A).
output(A) ::= INTO target(B). { A = B; }
output(A) ::= name(N) target(T). { A = target_alias(run, N, T); }
output(A) ::= name(N) INTO target(T). { A = target_alias(run, N, T); }

stmt(A) ::= ANALYZE(K) ds name(N) star(S) analyze_key(E) analyze_parts(P). { A = stmt_analyze(run, K, N, S, E, P); }
%type analyze_key {const Expr *}
analyze_key(A) ::= . { A = NULL; }
analyze_key(A) ::= KEY expr(B). { A = B; }
analyze_parts(A) ::= . { A = NULL; }
analyze_parts(A) ::= PARTITION(A).

stmt(A) ::= EXPECT(K) ds scope(S) WHERE expr(W) at_least(P) expect_else(R). { A = stmt_expect(run, K, S, W, P, R); }
%type at_least {const Expr *}
at_least(A) ::= . { A = NULL; }
at_least(A) ::= AT LEAST expr(B) PERCENT. { A = B; }
%type expect_else {Stmt *}
expect_else(A) ::= . { A = NULL; }
expect_else(A) ::= EXPECT_ELSE raise(B). { A = B; }

/* ---- variables and control flow ---- */
stmt(A) ::= LET(K) ASSIGN(V) EQ expr(E). { A = stmt_let(run, K, V, E); }
stmt(A) ::= ASSIGN(V) EQ expr(E). { A = stmt_let(run, V, V, E); }
stmt(A) ::= LET(K) ASSIGN(V) EQ select(S). { A = stmt_let_select(run, K, V, S); }
stmt(A) ::= ASSIGN(V) EQ select(S). { A = stmt_let_select(run, V, V, S); }
stmt(A) ::= LET expr(E). { A = stmt_expr(run, STMT_EXPR, NULL, E); }
stmt(A) ::= expr(E). { A = stmt_expr(run, STMT_EXPR, NULL, E); }

stmt(A) ::= if_head(A) end.
stmt(A) ::= if_head(A) ELSE stmts(B) end. { A = stmt_else(run, A, B); }
%type if_head {Stmt *}
if_head(A) ::= IF(K) expr(C) THEN stmts(B). { A = stmt_if(run, K, C, B); }
if_head(A) ::= if_head(A) ELSEIF expr(C) THEN stmts(B). { stmt_elseif(run, A, C, B); }
end ::= END.
end ::= END END_WORD.
stmt(A) ::= LOOP(K) VAR(V) in expr(E) BEGIN stmts(B) end. { A = stmt_loop(run, K, V, E, B); }
stmt(A) ::= LOOP(K) VAR(V) in expr(E) BEGIN stmts(B) ELSE stmts(C) end. { A = stmt_else(run, stmt_loop(run, K, V, E, B), C); }
in ::= .
in ::= IN.
stmt(A) ::= WHILE(K) expr(C) BEGIN stmts(B) end. { A = stmt_while(run, K, C, B); }
stmt(A) ::= BREAK(K). { A = stmt_new(run, STMT_BREAK, K); }
stmt(A) ::= CONTINUE(K). { A = stmt_new(run, STMT_CONTINUE, K); }
stmt(A) ::= raise(A).
%type raise {Stmt *}
raise(A) ::= RAISE(K) expr(E). { A = stmt_raise(run, K, NULL, E); }
raise(A) ::= RAISE(K) SEVERITY(S) expr(E). { A = stmt_raise(run, K, S, E); }
stmt(A) ::= TRY(K) BEGIN stmts(B) ON SEVERITY caught(V) stmts(H) end. { A = stmt_try(run, K, B, V, H); }
caught(A) ::= . { A = NULL; }
caught(A) ::= CAUGHT(A).
stmt(A) ::= BEGIN(K) stmts(B) end. { A = stmt_block(run, K, B); }
stmt(A) ::= RETURN(K). { A = stmt_expr(run, STMT_RETURN, K, NULL); }
stmt(A) ::= RETURN(K) expr(E). { A = stmt_expr(run, STMT_RETURN, K, E); }

/* ---- own procedures, functions, transforms ---- */
stmt(A) ::= definition(D). { A = stmt_definition(run, D, NULL, NULL); }
stmt(A) ::= CREATE(K) definition(D). { A = stmt_definition(run, D, K, NULL); }
stmt(A) ::= CREATE(K) OR REPLACE(R) definition(D). { A = stmt_definition(run, D, K, R); }
%type definition {Stmt *}
definition(A) ::= PROCEDURE(K) name(N) declarations0(P) comment(C) as BEGIN stmts(B) end. { A = stmt_procedure(run, K, N, P, C, B); }
definition(A) ::= FUNCTION(K) name(N) declarations0(P) record(R) comment(C) function_body(B). { A = stmt_function(run, K, N, P, R, C, B); }
definition(A) ::= FUNCTION(K) name(N) declarations(P) expr(E). { A = stmt_function(run, K, N, P, NULL, NULL, function_body(run, E, NULL)); }
definition(A) ::= TRANSFORM(K) name(N) declarations0(P) FROM names(F) INTO name(T) levels(L) comment(C) as loop BEGIN stmts(B) end. { A = stmt_transform(run, K, N, P, F, T, L, C, B); }
as ::= .
as ::= AS.
loop ::= .
loop ::= LOOP.
%type levels {List *}
levels(A) ::= . { A = NULL; }
levels(A) ::= levels(A) level_list(L). { A = list_level(run, A, L); }
%type function_body {FunctionBody *}
function_body(A) ::= as RETURN expr(E). { A = function_body(run, E, NULL); }
function_body(A) ::= AS expr(E). { A = function_body(run, E, NULL); }
function_body(A) ::= as BEGIN stmts(B) end. { A = function_body(run, NULL, B); }
%type record {RecordNames *}
record(A) ::= . { A = NULL; }
record(A) ::= RECORD. { A = record_names(run, NULL, NULL); }
record(A) ::= RECORD_NAMES fetch into record_list(B). { A = B; }
%type record_list {RecordNames *}
record_list(A) ::= PARAM(B). { A = record_names(run, NULL, B); }
record_list(A) ::= PARAM(K) COMMA PARAM(B). { A = record_names(run, K, B); }
fetch ::= .
fetch ::= FETCH.
into ::= .
into ::= INTO.
comment(A) ::= . { A = NULL; }
comment(A) ::= COMMENT STRING(B). { A = B; }
%type declarations0 {List *}
declarations0(A) ::= . { A = NULL; }
declarations0(A) ::= declarations(A).
%type declarations {List *}
declarations(A) ::= LP RP. { A = NULL; }
declarations(A) ::= LP declaration_list(B) RP. { A = B; }
%type declaration_list {List *}
declaration_list(A) ::= declaration(P). { A = list_param(run, NULL, P); }
declaration_list(A) ::= declaration_list(A) COMMA declaration(P). { A = list_param(run, A, P); }
%type declaration {Param *}
declaration(A) ::= PARAM(N) comment(C). { A = param_new(run, N, NULL, C, NULL); }
declaration(A) ::= PARAM(N) comment(C) EQ expr(E) comment(D). { A = param_new(run, N, E, C, D); }
stmt(A) ::= FETCH(K) into. { A = stmt_fetch(run, K, NULL); }
stmt(A) ::= FETCH(K) into record_list(R). { A = stmt_fetch(run, K, R); }
stmt(A) ::= YIELD(K) expr(E) COMMA expr(F). { A = stmt_yield(run, K, E, F); }
stmt(A) ::= DROP(K) PROCEDURE|FUNCTION|TRANSFORM(W) names(N). { A = stmt_drop(run, K, W, N); }

/* ---- the rest ---- */
stmt(A) ::= OPTIONS(K) params(P). { A = stmt_options(run, K, P); }
stmt(A) ::= INCLUDE(K) STRING(S). { A = stmt_include(run, K, S); }
stmt(A) ::= EXPLAIN(K) stmt(S). { A = stmt_explain(run, K, S); }
stmt(A) ::= DESCRIBE(K) ds name(N). { A = stmt_describe(run, K, N); }
stmt(A) ::= SHOW(K) name(N). { A = stmt_show(run, K, N); }

/* ---- expressions: open lists want an operand, closed ones have it ---- */
%type expr {const Expr *}
expr(A) ::= closed(S). { A = items_climb(run, S); }
%type open {size_t}
open(A) ::= prefix(P). { A = items_operator(run, ITEM_PREFIX, P); }
open(A) ::= open(A) prefix(P). { items_operator(run, ITEM_PREFIX, P); }
open(A) ::= closed(A) infix(P). { items_operator(run, ITEM_INFIX, P); }
open(A) ::= closed(A) NOT(N) INFIX(P). { items_infix_not(run, N, P); }
open(A) ::= closed(A) QUESTION(P). { items_operator(run, ITEM_QUESTION, P); }
open(A) ::= closed(A) COLON(P). { items_operator(run, ITEM_COLON, P); }
%type closed {size_t}
closed(A) ::= primary(E). { A = items_operand(run, E); }
closed(A) ::= open(A) primary(E). { items_operand(run, E); }
closed(A) ::= closed(A) IS(K) NULL(Z). { items_is_null(run, K, NULL, Z); }
closed(A) ::= closed(A) IS(K) NOT(N) NULL(Z). { items_is_null(run, K, N, Z); }
closed(A) ::= closed(A) CAST_TO(K) name(T). { items_cast(run, K, T); }
prefix(A) ::= PREFIX|PREFIX_SYMBOL|SIGN|NOT(P). { A = P; }
infix(A) ::= INFIX|INFIX_SYMBOL|SIGN|STAR|EQ(P). { A = P; }

%type primary {const Expr *}
primary(A) ::= NUMBER(N). { A = expr_number(run, N); }
primary(A) ::= STRING(S). { A = text_expr(run, S); }
primary(A) ::= VAR(V). { A = expr_variable(run, V); }
primary(A) ::= PARAM(V). { A = expr_parameter(run, V); }
primary(A) ::= NULL(N). { A = expr_constant(run, N, value_null()); }
primary(A) ::= TRUE(N). { A = expr_constant(run, N, value_bool(true)); }
primary(A) ::= FALSE(N). { A = expr_constant(run, N, value_bool(false)); }
primary(A) ::= name(N). { A = expr_word(run, N); }
primary(A) ::= LP(L) expr(E) RP(Z). { A = expr_group(run, L, E, Z); }
primary(A) ::= function_call(A).
primary(A) ::= function_call(F) OVER LP window(W) RP(Z). { A = expr_over(run, F, W, Z); }
%type function_call {const Expr *}
function_call(A) ::= name(N) LP exprs0(L) RP(Z). { A = expr_call(run, N, false, L, Z); }
function_call(A) ::= name(N) LP DISTINCT exprs(L) RP(Z). { A = expr_call(run, N, true, L, Z); }
function_call(A) ::= name(N) LP STAR(S) RP(Z). { A = expr_call(run, N, false, list_expr(run, NULL, expr_star(run, S)), Z); }
primary(A) ::= array(L) exprs0(I) RB(Z). { A = expr_array(run, L, I, Z); }
array(A) ::= LB(A).
array(A) ::= ARRAY(A) LB.
primary(A) ::= RANGE(L) LB expr(E) COMMA expr(F) RB(Z). { A = expr_range(run, L, E, F, Z); }
primary(A) ::= CASE(L) case_operand(O) whens(W) case_else(E) CASE_END(Z). { A = expr_case(run, L, O, W, E, Z); }
%type case_operand {const Expr *}
case_operand(A) ::= . { A = NULL; }
case_operand(A) ::= expr(A).
%type whens {List *}
whens(A) ::= WHEN expr(C) CASE_THEN expr(E). { A = list_expr(run, list_expr(run, NULL, C), E); }
whens(A) ::= whens(A) WHEN expr(C) CASE_THEN expr(E). { A = list_expr(run, list_expr(run, A, C), E); }
%type case_else {const Expr *}
case_else(A) ::= . { A = NULL; }
case_else(A) ::= CASE_ELSE expr(B). { A = B; }
primary(A) ::= CAST(L) LP expr(E) AS name(T) RP(Z). { A = expr_cast(run, L, E, T, Z); }
%type exprs0 {List *}
exprs0(A) ::= . { A = NULL; }
exprs0(A) ::= exprs(A).
%type exprs {List *}
exprs(A) ::= expr(E). { A = list_expr(run, NULL, E); }
exprs(A) ::= exprs(A) COMMA expr(E). { A = list_expr(run, A, E); }

/* ---- OVER (…) ---- */
%type window {Window *}
window(A) ::= window_partition(P) window_order(O). { A = window_new(run, P, O); }
window(A) ::= window_partition(P) window_order(O) ROWS bound(F). { A = window_frame(run, window_new(run, P, O), F, NULL); }
window(A) ::= window_partition(P) window_order(O) ROWS BETWEEN bound(F) FRAME_AND bound(T). { A = window_frame(run, window_new(run, P, O), F, T); }
%type window_partition {List *}
window_partition(A) ::= . { A = NULL; }
window_partition(A) ::= PARTITION BY exprs(B). { A = B; }
%type window_order {List *}
window_order(A) ::= . { A = NULL; }
window_order(A) ::= ORDER BY sorts(B). { A = B; }
%type bound {Bound *}
bound(A) ::= UNBOUNDED PRECEDING. { A = bound_new(run, FRAME_UNBOUNDED_PRECEDING, NULL); }
bound(A) ::= UNBOUNDED FOLLOWING. { A = bound_new(run, FRAME_UNBOUNDED_FOLLOWING, NULL); }
bound(A) ::= CURRENT ROW. { A = bound_new(run, FRAME_CURRENT, NULL); }
bound(A) ::= expr(E) PRECEDING. { A = bound_new(run, FRAME_PRECEDING, E); }
bound(A) ::= expr(E) FOLLOWING. { A = bound_new(run, FRAME_FOLLOWING, E); }

%code {
/* The states before the token at hand, for messages: once a token is refused, default reductions have already thrown
   away what else would have done. Deep stacks are cut at the bottom, which costs at most a word in a message. */
enum { STATES_MAX = 200 };
typedef struct States {
  int count;
  YYACTIONTYPE rows[STATES_MAX + 1];
} States;

static void states_save(States *states, const yyParser *parser) {
  int depth = (int)(parser->yytos - parser->yystack) + 1;
  states->count = depth < STATES_MAX ? depth : STATES_MAX;
  for (int i = 0; i < states->count; i++) states->rows[i] = parser->yytos[i - states->count + 1].stateno;
}

/* Would a token of this kind be shifted? Runs the automaton on a copy of the states. */
static int states_accept(States states, int kind) {
  for (int steps = 0; steps < 1000; steps++) {
    YYACTIONTYPE row = states.rows[states.count - 1], action = row;
    if (row <= YY_MAX_SHIFT) {
      int place = yy_shift_ofst[row] + kind;
      bool known = place >= 0 && place < (int)YY_NLOOKAHEAD && yy_lookahead[place] == kind;
      action = known ? yy_action[place] : yy_default[row];
    }
    if (action <= YY_MAX_SHIFTREDUCE) return 1;
    if (action < YY_MIN_REDUCE) return action == YY_ACCEPT_ACTION;
    int rule = action - YY_MIN_REDUCE;
    states.count += yyRuleInfoNRhs[rule]; /* a negative number */
    if (states.count < 1) return 0;
    action = yy_find_reduce_action(states.rows[states.count - 1], yyRuleInfoLhs[rule]);
    states.rows[states.count++] = action;
    if (states.count > STATES_MAX) return 0;
  }
  return 0;
}

/* Which tokens would do here goes to syntax_error.c, which words the message. */
static void tdl_unexpected(Run *run) {
  const States *states = run->states;
  unsigned char expected[YYNTOKEN] = {0};
  for (int kind = 1; kind < YYNTOKEN; kind++) expected[kind] = (unsigned char)states_accept(*states, kind);
  parse_unexpected(run, expected, YYNTOKEN);
}

static void *tdl_allocate(size_t size) { return dc_alloc(size); }

void tdl_parser_run(Run *run) {
  void *parser = tdl_parseAlloc(tdl_allocate);
  States states;
  run->states = &states;
  static const Token expression = {.kind = TK_EXPRESSION};
  if (run->expression) tdl_parse(parser, TK_EXPRESSION, &expression, run);
  for (const Token *token; (token = run_token(run)) != NULL;) {
    states_save(&states, parser);
    tdl_parse(parser, token->kind, token, run);
    ((yyParser *)parser)->yyerrcnt = -1; /* report the next error too, however near */
    if (token->kind == LEX_END) break;
  }
  tdl_parseFree(parser, dc_free);
}
}
