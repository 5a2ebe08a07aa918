setup_suite() {
    export PQSWEEP_TAG_FROM=BATS_TEST_FILENAME
}
