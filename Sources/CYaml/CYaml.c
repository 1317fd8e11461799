/* A C target needs one source file; everything this one has is in the header. */
#include "CYaml.h"
