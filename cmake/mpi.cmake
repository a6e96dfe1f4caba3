# Open MPI's C library as mpi::mpi, where it is; without it Labile runs as one process. CMake's own FindMPI wants the
# language C, which neither Labile nor every project that uses it has.
find_path(MPI_C_INCLUDE mpi.h PATH_SUFFIXES openmpi x86_64-linux-gnu/openmpi/include PATHS /usr/lib/x86_64-linux-gnu/openmpi/include)
find_library(MPI_C_LIBRARY NAMES mpi PATH_SUFFIXES openmpi/lib PATHS /usr/lib/x86_64-linux-gnu/openmpi/lib)
if(MPI_C_INCLUDE AND MPI_C_LIBRARY)
  if(NOT TARGET mpi::mpi)
    add_library(mpi::mpi UNKNOWN IMPORTED)
    set_target_properties(mpi::mpi PROPERTIES IMPORTED_LOCATION ${MPI_C_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${MPI_C_INCLUDE})
  endif()
else()
  message(STATUS "MPI was not found (Debian: libopenmpi-dev): Labile will run as one process only")
endif()
