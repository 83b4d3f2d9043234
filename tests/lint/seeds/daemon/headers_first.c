#include <stddef.h>

#include "headers_first.h"
