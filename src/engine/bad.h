/* bad.h - what happens to a record that cannot be read or evaluated: OPTIONS @bad_records (language.md § 9). */
#ifndef ENGINE_BAD_H
#define ENGINE_BAD_H

#include "engine/engine.h"

/* err says what is wrong with the record at origin. 'fail': err gets the record's position, and its code is returned.
   'null', 'skip', 'capture': the record is counted (and its text written), err is cleared, DC_OK - unless there are more
   than max_bad_records. text may be empty (not known), attribute too. Thread-safe. */
DcCode bad_record(Engine *engine, uint64_t origin, Str text, Str attribute, DcError *err) DC_MUST_CHECK;

#endif
