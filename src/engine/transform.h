/* transform.h - transforms written in TDL: a body that reads the records of one partition and yields others. */
#ifndef ENGINE_TRANSFORM_H
#define ENGINE_TRANSFORM_H

#include "engine/dataset.h"

typedef struct TransformSpec {
  const Definition *definition; /* outlives every dataset that it makes */
  Position pos;                 /* of the invocation */
  const BodyVariable *params;   /* a value for each parameter */
  size_t param_count;
  const Str *columns;           /* the attributes of the result; NULL: those of the source */
  size_t column_count;
} TransformSpec;

/* A new dataset: the transform over every partition of in. Variables and functions that the body reads are captured now
   from cx; touches no data. Keys are those that the body yields. The wrong type of a source and a result whose attributes
   nobody names are errors. */
DcCode dataset_transform(Engine *engine, Dataset *in, EvalContext *cx, const TransformSpec *spec, Dataset **out, DcError *err) DC_MUST_CHECK;

/* "COLUMNAR", "JSON", "TEXT" … as a type; *any: it stands for all of them. false: no such type. */
bool transform_type(Str word, DatasetType *out, bool *any);

#endif
