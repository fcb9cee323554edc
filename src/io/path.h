/* path.h - local paths from what scripts say, and small helpers with paths. */
#ifndef IO_PATH_H
#define IO_PATH_H

#include "base/error.h"
#include "base/mem.h"

/* Drops "file:" and "file://" and any / at the end (not of "/"). Another scheme ("s3://…") is an error that names it.
   The result is part of text, or ".". */
DcCode path_local(Str text, Str *out, DcError *err) DC_MUST_CHECK;
/* The same for what is read: a URL (io/remote.h) stays one, without any / at the end unless a web server may mean something by it. */
DcCode path_input(Str text, Str *out, DcError *err) DC_MUST_CHECK;
/* A NUL-terminated copy on the heap; "folder/name" (folder without the / where it ends in one, or alone where name is
   empty). Freed by dc_free. */
char *path_copy(Str path);
char *path_join(const char *folder, Str name);
/* The name behind the last /. */
Str path_base(Str path);
/* The path before the last /: "." where there is none, "/" for "/a". */
Str path_folder(Str path);

#endif
