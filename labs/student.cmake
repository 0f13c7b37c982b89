# A student's tests by bare CTest, with one build and some tests for each checkpoint:
#
#   cmake --preset student && ctest --preset checkpoint2
#
# The CMakeLists.txt of a work folder includes this, and so does the kit's own with TCPLAB_STUDENT.
# Wanted: `kit` and `solution`, the folders of the two.
#
# For each checkpoint its unit tests are linked with the student's files for it, and with the
# reference's for all others: what is half finished elsewhere stands in nobody's way. So a
# checkpoint is built by a test of its own, which the others of that checkpoint need.

set(components seqno byte_stream reassembler receiver sender segment connection)
set(files_0 seqno)
set(files_1 byte_stream)
set(files_2 reassembler)
set(files_3 receiver)
set(files_4 sender)
set(files_5 segment connection)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
set(flags -O1 -g -Wall -Wextra -fno-omit-frame-pointer ${sanitizers}) # as the grader compiles

find_path(CMOCKA_INCLUDE_DIR cmocka.h)
find_library(CMOCKA_LIBRARY cmocka)
mark_as_advanced(CMOCKA_INCLUDE_DIR CMOCKA_LIBRARY)
if(NOT CMOCKA_INCLUDE_DIR OR NOT CMOCKA_LIBRARY)
    message(STATUS "without unit tests, for cmocka is missing (Debian: libcmocka-dev)")
endif()

file(GLOB contracts LIST_DIRECTORIES true "${kit}/labs/[0-9]-*")
file(GLOB given_files CONFIGURE_DEPENDS "${kit}/labs/given/net/*.c")
list(FILTER given_files EXCLUDE REGEX "/test_[^/]*$")
file(GLOB solution_files CONFIGURE_DEPENDS "${solution}/*.c")

function(compile target)
    target_include_directories(${target} PRIVATE ${ARGN} ${contracts} "${kit}/labs/given")
    target_compile_options(${target} PRIVATE ${flags})
endfunction()

# --- what all checkpoints have in common --------------------------------------------------------

foreach(component IN LISTS components)
    add_library(reference-${component} OBJECT EXCLUDE_FROM_ALL "${kit}/reference/${component}.c")
    compile(reference-${component})
endforeach()
add_library(given STATIC EXCLUDE_FROM_ALL "${kit}/labs/given/tcp_config.c" ${given_files})
compile(given "${kit}/labs/given/net")

# The student's files for a checkpoint, with all that lies beside the seven; or, where the solution
# is the reference itself, its own.
function(own_sources result number)
    set(own "")
    foreach(file IN LISTS solution_files)
        get_filename_component(stem "${file}" NAME_WE)
        if(stem IN_LIST files_${number} OR NOT stem IN_LIST components)
            list(APPEND own "${file}")
        endif()
    endforeach()
    foreach(stem IN LISTS files_${number})
        if(NOT EXISTS "${solution}/${stem}.c")
            message(WARNING "${stem}.c is missing in ${solution}")
        endif()
    endforeach()
    set(${result} ${own} PARENT_SCOPE)
endfunction()

# --- a checkpoint -------------------------------------------------------------------------------

# Builds the unit tests of a checkpoint; sets `result` to the names of the programs.
function(add_programs result number folder)
    own_sources(own ${number})
    add_library(checkpoint${number}-own OBJECT EXCLUDE_FROM_ALL ${own})
    compile(checkpoint${number}-own)
    set(objects $<TARGET_OBJECTS:checkpoint${number}-own>)
    foreach(component IN LISTS components)
        if(NOT component IN_LIST files_${number})
            list(APPEND objects $<TARGET_OBJECTS:reference-${component}>)
        endif()
    endforeach()
    file(GLOB tests CONFIGURE_DEPENDS "${folder}/test_*.c")
    set(programs "")
    foreach(file IN LISTS tests)
        get_filename_component(program "${file}" NAME_WE)
        add_executable(${program} "${file}" ${objects})
        compile(${program})
        target_include_directories(${program} SYSTEM PRIVATE ${CMOCKA_INCLUDE_DIR})
        target_link_libraries(${program} PRIVATE given ${CMOCKA_LIBRARY})
        target_link_options(${program} PRIVATE ${sanitizers})
        set_target_properties(${program} PROPERTIES
            RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
        list(APPEND programs ${program})
    endforeach()
    set(${result} ${programs} PARENT_SCOPE)
endfunction()

function(checkpoint_test number name timeout)
    add_test(NAME checkpoint${number}.${name} COMMAND ${ARGN} WORKING_DIRECTORY "${solution}")
    set_tests_properties(checkpoint${number}.${name} PROPERTIES
        LABELS checkpoint${number} TIMEOUT ${timeout})
endfunction()

# Two builds in one folder would disturb each other.
function(add_unit_tests number folder)
    add_programs(programs ${number} "${folder}")
    add_custom_target(checkpoint${number} DEPENDS ${programs})
    checkpoint_test(${number} build 300
        "${CMAKE_COMMAND}" --build "${CMAKE_BINARY_DIR}" --parallel 2 --target checkpoint${number})
    set_tests_properties(checkpoint${number}.build PROPERTIES
        FIXTURES_SETUP built-${number} RESOURCE_LOCK build)
    foreach(program IN LISTS programs)
        string(REGEX REPLACE "^test_" "" short ${program})
        checkpoint_test(${number} unit.${short} 60 "${CMAKE_BINARY_DIR}/tests/${program}")
        set_tests_properties(checkpoint${number}.unit.${short} PROPERTIES
            FIXTURES_REQUIRED built-${number}
            ENVIRONMENT "UBSAN_OPTIONS=print_stacktrace=1")
    endforeach()
endfunction()

# The grader's cases, and the first failure explained.
function(add_check number)
    checkpoint_test(${number} check 300 "${kit}/tcplab" check ${number} --folder "${solution}")
endfunction()

foreach(folder IN LISTS contracts)
    get_filename_component(name "${folder}" NAME)
    string(SUBSTRING ${name} 0 1 number)
    if(CMOCKA_INCLUDE_DIR AND CMOCKA_LIBRARY)
        add_unit_tests(${number} "${folder}")
    endif()
    add_check(${number})
endforeach()
