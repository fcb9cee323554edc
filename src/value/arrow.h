/* arrow.h - columns as other programs and libraries have them: the Arrow C data interface and its stream interface
 * (the three structs below are its ABI, as its specification gives them), and the way between these and our values.
 *
 * Types are written as ArrowSchema trees. Those that dcetl keeps (the types of a dataset's columns) are copies in an
 * arena: immutable, never released, release is NULL.
 */
#ifndef VALUE_ARROW_H
#define VALUE_ARROW_H

#include "value/arrow_abi.h"
#include "value/batch.h"

/* --- Types --- */

/* A copy of a type with its name, metadata and children that lives as long as the arena. */
const struct ArrowSchema *arrow_type_copy(Arena *arena, const struct ArrowSchema *type);
/* The same under another name. */
const struct ArrowSchema *arrow_type_named(Arena *arena, const struct ArrowSchema *type, Str name);
/* A struct of fields (their own names): the schema of a batch. */
const struct ArrowSchema *arrow_type_record(Arena *arena, const struct ArrowSchema *const *fields, size_t count);
/* The type of what arrow_export makes for a type: what is in a dictionary or in runs is written out, and all may be
   NULL but the keys of maps. Writers get this one. */
const struct ArrowSchema *arrow_type_written(Arena *arena, const struct ArrowSchema *type);
/* The same but for the names of the columns themselves and metadata other than extension types. */
bool arrow_type_equal(const struct ArrowSchema *a, const struct ArrowSchema *b);
/* "int32", "timestamp[us, UTC]", "decimal(10, 2)", "list<int64>", "struct<a: string, b: double>", "map<string, int64>";
   for the rest the names that pyarrow prints. */
void arrow_type_print(Buf *out, const struct ArrowSchema *type);
/* The type that such a text names, in any case; also SQL's names (BIGINT, VARCHAR, TEXT, BOOLEAN, NUMERIC(p, s),
   TIMESTAMP, TIMESTAMPTZ, BYTEA …). INT and INTEGER have 64 bits, as in CAST. The type has no name. An unknown one
   is an error that lists the known ones. */
DcCode arrow_type_parse(Str text, Arena *arena, const struct ArrowSchema **out, DcError *err) DC_MUST_CHECK;

/* --- From Arrow --- */

/* True if values of this type can be read; else the error names the type. */
DcCode arrow_readable(const struct ArrowSchema *type, DcError *err) DC_MUST_CHECK;
/* A COLUMNS batch of an array of structs (what a stream gives). fields[i] is the number of the array's child that is
   column i, -1: that column is not there (COLUMN_ABSENT). Origins are origin_base + row. Copies; the array stays the
   caller's. An array that breaks the rules of the interface (wrong buffers, offsets that go back) is an error. An
   error in a value names the column and the row, which is origin_offset(origin_base) + its number, from 1 on. */
DcCode arrow_import(Budget *budget, const struct ArrowSchema *type, const struct ArrowArray *array, const int *fields,
                    uint32_t count, uint64_t origin_base, Batch **out, DcError *err) DC_MUST_CHECK;
/* One value of an array of any type; text and nested values are copied to the arena. */
DcCode arrow_value(const struct ArrowSchema *type, const struct ArrowArray *array, int64_t row, Arena *arena,
                   Value *out, DcError *err) DC_MUST_CHECK;

/* --- To Arrow --- */

/* Finds the type that holds all values it is shown: whole numbers int64, with fractions double (float32 where all
   came from 32 bits; decimals decimal(38, s)), text string, moments date, time64[ns], timestamp[us] (ns where they
   have finer digits) with UTC if all are zoned, arrays list, objects struct (members in the order in which they were
   met), mixed types string, too, and what no such type holds; nothing but NULLs: string. */
typedef struct TypeGuess TypeGuess;
TypeGuess *type_guess_new(void);
void type_guess_value(TypeGuess *guess, Value value);
void type_guess_column(TypeGuess *guess, const Column *column, uint32_t rows); /* typed ones cost next to nothing */
const struct ArrowSchema *type_guess_type(const TypeGuess *guess, Str name, Arena *arena);
void type_guess_free(TypeGuess *guess); /* NULL is fine */

/* The value as one of this type: in range and exact (whole doubles become integers, integers and decimals of fitting
   scale decimals, text is parsed as CAST does, all become text for string; moments lose no digits: 5 ns do not fit
   into us; text for nested types is JSON), only floats are rounded to the nearest; else an error that says what does
   not fit: "300 does not fit into int8". A timestamp without a zone counts as UTC where the type has one; one with a
   zone does not fit where the type has none. NULL stays NULL. */
DcCode arrow_convert(Value in, const struct ArrowSchema *type, Arena *arena, Value *out, DcError *err) DC_MUST_CHECK;
/* True if all values of such a column are of the type as they are, so that arrow_convert need not be called. */
bool arrow_natural(ColumnKind kind, const struct ArrowSchema *type);
/* The same for n values, NULLs among them, which are looked at: quick, but false also for some that would pass as they
   are. */
bool arrow_ints_fit(const int64_t *values, const uint8_t *nulls, uint32_t n, const struct ArrowSchema *type);
bool arrow_values_fit(const Value *values, uint32_t n, const struct ArrowSchema *type);
/* The columns as an array of structs of that type (arrow_type_record). Values that are not of their column's type
   are converted as by arrow_convert; the error for one that does not fit names the column and the row. What is in a
   dictionary or in runs by its type is written out (arrow_type_written). Owns its buffers (out->release); they are
   charged to the budget until then. */
DcCode arrow_export(Budget *budget, const Column *columns, uint32_t count, uint32_t rows,
                    const struct ArrowSchema *type, struct ArrowArray *out, DcError *err) DC_MUST_CHECK;

#endif
