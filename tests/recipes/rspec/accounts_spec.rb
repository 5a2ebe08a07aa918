require_relative 'spec_helper'

RSpec.describe 'accounts' do
  it('start alone') { expect(alone?).to be true }
end
