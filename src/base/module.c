/* module.c - finding and opening modules. */
#include "base/module.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* The folder of the running program, without a slash at the end; false where the system does not tell. */
static bool program_folder(char *out, size_t size) {
  ssize_t len = readlink("/proc/self/exe", out, size - 1);
  if (len <= 0) return false;
  out[len] = 0;
  char *slash = strrchr(out, '/');
  if (!slash) return false;
  *slash = 0;
  return true;
}

static DcCode open_module(const Module *module, const void **out, DcError *err) {
  static const char *const folders[] = {"", "/..", "/../lib/dcetl"}; /* build/, tests in a folder of build/, installed */
  char folder[PATH_MAX], path[PATH_MAX + 128], reason[256] = "";
  void *library = NULL;
  bool known = program_folder(folder, sizeof folder);
  for (size_t i = 0; known && !library && i < sizeof folders / sizeof *folders; i++) {
    snprintf(path, sizeof path, "%s%s/dcetl-%s.so", folder, folders[i], module->name);
    if (access(path, R_OK) != 0) continue;
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *why = library ? NULL : dlerror();
    if (why) snprintf(reason, sizeof reason, "%s", why);
  }
  const void *found = library ? dlsym(library, module->symbol) : NULL;
  uint32_t version_found = 0;
  if (found) memcpy(&version_found, found, sizeof version_found);
  if (found && version_found == module->version) {
    *out = found;
    return DC_OK;
  }
  if (found) {
    dc_fail(err, "the module dcetl-%s.so is of another version of dcetl", module->name);
    dc_hint(err, "install it again, together with the program");
  } else if (reason[0] || library) {
    dc_fail(err, "%s need the module dcetl-%s.so, which cannot be opened: %s", module->what, module->name, reason[0] ? reason : "it is no module of dcetl");
    dc_hint(err, "install the library behind it: %s", module->package);
  } else {
    dc_fail(err, "%s need the module dcetl-%s.so, which is not installed", module->what, module->name);
    dc_hint(err, "it comes with dcetl when %s is there: it lies in ../lib/dcetl/, seen from the program", module->package);
  }
  return DC_FAIL;
}

/* dlopen gives the same handle to all who ask, so it does no harm if two ask at once. */
DcCode module_need(Module *module, const void **out, DcError *err) {
  *out = atomic_load(&module->found);
  if (*out) return DC_OK;
  DC_TRY(open_module(module, out, err));
  atomic_store(&module->found, *out);
  return DC_OK;
}

bool library_open(const char *const *libraries, const char *const *functions, size_t count, void **found) {
  void *library = NULL;
  for (; !library && *libraries; libraries++) library = dlopen(*libraries, RTLD_NOW | RTLD_LOCAL);
  for (size_t i = 0; library && i < count; i++)
    if (!(found[i] = dlsym(library, functions[i]))) return false;
  return library != NULL;
}
